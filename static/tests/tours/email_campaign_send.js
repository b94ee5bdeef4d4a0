import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

registry.category("web_tour.tours").add("email_campaign_send", {
    steps: () => [
        ...stepUtils.goToAppSteps("contacts.menu_contacts"),
        {
            trigger: ".o_switch_view.o_list",
            run: "click",
        },
        {
            trigger: ".o_list_view .o_data_row:contains('Ann Apple') .o_list_record_selector input",
            run: "click",
        },
        {
            trigger: ".o_list_view .o_data_row:contains('Nick Nomail') .o_list_record_selector input",
            run: "click",
        },
        {
            trigger: ".o_list_view .o_data_row:contains('Ben Beech') .o_list_record_selector input",
            run: "click",
        },
        {
            trigger: ".o_cp_action_menus .dropdown-toggle:has(.fa-cog)",
            run: "click",
        },
        {
            trigger: ".o-dropdown-item:contains('Send campaign email')",
            run: "click",
        },
        {
            trigger: ".modal .alert:contains('3 selected'):contains('1 of them have no email address')",
        },
        {
            trigger: ".modal .o_field_widget[name=name] input",
            run: "edit Harvest",
        },
        {
            trigger: ".modal .o_field_widget[name=subject] input",
            run: "edit {{ object.name }}, the apples are ripe",
        },
        {
            trigger: ".modal .o_field_widget[name=body_html] .odoo-editor-editable .o-paragraph",
            run: "editor Come and pick them.",
        },
        {
            trigger: ".modal-footer button:contains('Review and Launch')",
            run: "click",
        },
        {
            content: "Who gets it is counted before",
            trigger: ".modal .o_field_widget[name=recipient_count]:contains(/^2$/)",
        },
        {
            trigger: ".modal-footer button:contains('Launch')",
            run: "click",
        },
        {
            trigger: ".o_arrow_button_current:contains('Queued')",
        },
        {
            trigger: ".o_form_view .o_field_widget[name=campaign_id]:contains('Harvest')",
        },
        {
            trigger: ".o_email_campaign_progress:contains('0 of 2 sent')",
        },
    ],
});
