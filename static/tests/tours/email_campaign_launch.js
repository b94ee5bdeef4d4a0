import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

const chooseFrom = (field, name) => [
    {
        trigger: `.o_field_widget[name=${field}] input`,
        run: `edit ${name}`,
    },
    {
        trigger: `.o-autocomplete--dropdown-item:not(:contains("Search more")) a:contains("${name}")`,
        run: "click",
    },
    {
        trigger: `.o_field_widget[name=${field}] .o_tag:contains("${name}")`,
    },
];

const listWithMembers = () => [
    {
        trigger: "button[data-menu-xmlid='email_campaign.email_audience_menu']",
        run: "click",
    },
    {
        trigger: ".dropdown-item[data-menu-xmlid='email_campaign.email_target_list_menu']",
        run: "click",
    },
    {
        trigger: ".o_last_breadcrumb_item:contains('Target Lists')",
    },
    {
        trigger: ".o_list_button_add",
        run: "click",
    },
    {
        trigger: ".o_field_widget[name=name] input",
        run: "edit Gardeners",
    },
    {
        content: "An empty list says how to fill it",
        trigger: ".tab-pane:contains('Nobody is on this list yet')",
    },
    {
        trigger: ".o_statusbar_buttons button:contains('Add Members')",
        run: "click",
    },
    {
        content: "The list is known already",
        trigger: ".modal .o_field_widget[name=list_id]:contains('Gardeners')",
    },
    ...chooseFrom("partner_ids", "Ann Apple"),
    ...chooseFrom("partner_ids", "Ben Beech"),
    {
        trigger: ".modal .o_field_widget[name=addresses] textarea",
        run: "edit cleo@good.example",
    },
    {
        trigger: ".modal-footer button:contains('Add')",
        run: "click",
    },
    {
        trigger: ".o_notification:contains('3 added to “Gardeners”')",
    },
    {
        trigger: ".o_field_widget[name=first_member_ids] .o_data_row:count(3)",
    },
    {
        trigger: ".o_field_widget[name=first_member_ids] .o_data_row:contains('cleo@good.example'):contains('Subscribed')",
    },
    {
        trigger: ".o_field_statinfo:has(.o_stat_text:contains('Members')) .o_stat_value:text(3)",
    },
];

const campaignWithList = () => [
    {
        trigger: "a[data-menu-xmlid='email_campaign.email_campaign_menu']",
        run: "click",
    },
    {
        trigger: ".o_last_breadcrumb_item:contains('Campaigns')",
    },
    {
        trigger: ".o_list_button_add",
        run: "click",
    },
    {
        trigger: ".o_field_widget[name=name] input",
        run: "edit Spring",
    },
    ...chooseFrom("target_list_ids", "Gardeners"),
    {
        trigger: ".o_statusbar_buttons button:contains('New Mass Email')",
        run: "click",
    },
];

const massEmail = (subject) => [
    {
        content: "The campaign is known already",
        trigger: ".o_field_widget[name=campaign_id] input:value('Spring')",
    },
    {
        trigger: ".o_field_widget[name=subject] input",
        run: `edit ${subject}`,
    },
    {
        trigger: ".o_field_widget[name=body_html] .odoo-editor-editable .o-paragraph",
        run: "editor Hello {{ recipient.name ||| friend }}, the first seeds are in.",
    },
];

const pressLaunch = () => ({
    trigger: ".o_statusbar_buttons button:contains('Launch')",
    run: "click",
});

const launch = (recipients) => [
    pressLaunch(),
    {
        content: "Who gets it is counted before",
        trigger: `.modal .o_field_widget[name=recipient_count]:contains(/^${recipients}$/)`,
    },
    {
        trigger: ".modal .o_field_widget[name=sender]:contains('tess@crm.example')",
    },
    {
        trigger: ".modal-footer button:contains('Launch')",
        run: "click",
    },
];

registry.category("web_tour.tours").add("email_campaign_launch", {
    steps: () => [
        ...stepUtils.goToAppSteps("email_campaign.email_campaign_menu_root"),
        ...listWithMembers(),
        ...campaignWithList(),
        ...massEmail("Spring is here"),
        ...launch(3),
        {
            content: "It waits for the worker",
            trigger: ".o_arrow_button_current:contains('Queued')",
        },
        {
            trigger: ".o_email_campaign_progress[data-state=queued]:contains('Starts in a moment'):contains('0 of 3 sent')",
        },
        {
            content: "What was launched can't be changed any more",
            trigger: ".o_field_widget[name=subject]:not(:has(input)):contains('Spring is here')",
        },
    ],
});

registry.category("web_tour.tours").add("email_campaign_outcome", {
    steps: () => [
        ...stepUtils.goToAppSteps("email_campaign.email_campaign_menu_root"),
        {
            trigger: ".o_data_row:contains('Spring'):contains('Done') .o_data_cell[name=name]",
            run: "click",
        },
        {
            content: "The campaign shows the numbers",
            trigger: ".o_form_view .o_field_widget[name=sent_count]:text(3)",
        },
        {
            trigger: ".o_form_view .o_field_widget[name=remaining_count]:text(0)",
        },
        {
            trigger: ".o_form_view .o_field_widget[name=failed_count]:text(0)",
        },
        {
            trigger: ".nav-link:contains('Log')",
            run: "click",
        },
        {
            trigger: ".o_field_widget[name=recent_event_ids] .o_data_row:contains('Sent'):count(3)",
        },
        {
            trigger: ".nav-link:contains('Mass Emails')",
            run: "click",
        },
        {
            trigger: ".o_field_widget[name=mailing_ids] .o_data_row:contains('Spring is here') button[name=action_open]",
            run: "click",
        },
        {
            trigger: ".o_arrow_button_current:contains('Done')",
        },
        {
            trigger: ".o_email_campaign_progress[data-state=done]:contains('3 of 3 sent')",
        },
        {
            trigger: ".oe_stat_button[name=action_view_events]",
            run: "click",
        },
        {
            trigger: ".o_list_view .o_data_row:count(3)",
        },
        {
            trigger: ".o_list_view .o_data_row:contains('Sent'):contains('cleo@good.example')",
        },
    ],
});

registry.category("web_tour.tours").add("email_campaign_unknown_field", {
    steps: () => [
        {
            trigger: ".o_statusbar_buttons button:contains('New Mass Email')",
            run: "click",
        },
        ...massEmail("Dear {{ object.nickname }}"),
        pressLaunch(),
        {
            content: "What can't be sent is refused before anybody is asked",
            trigger: ".modal-body:contains('object.nickname'):contains('has no field “nickname”')",
        },
        {
            trigger: ".modal-footer button:contains('Close')",
            run: "click",
        },
        {
            content: "It stays a draft, with what was written",
            trigger: ".o_arrow_button_current:contains('Draft')",
        },
        {
            trigger: ".o_field_widget[name=subject] input:value('Dear {{ object.nickname }}')",
        },
    ],
});
