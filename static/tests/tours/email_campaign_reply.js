import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

const click = (trigger, content) => ({ content, trigger, run: "click" });
const see = (trigger, content) => ({ content, trigger });
const field = (name) => `.o_field_widget[name=${name}]`;
const row = (text) => `.o_data_row:contains('${text}')`;

registry.category("web_tour.tours").add("email_campaign_reply_list", {
    steps: () => [
        ...stepUtils.goToAppSteps("email_campaign.email_campaign_menu_root"),
        click("[data-menu-xmlid='email_campaign.email_campaign_reply_menu']"),
        see(`.o_list_view ${row("Ann Apple")}`, "What waits, of all campaigns"),
        see(`.o_list_view ${row("Otto Other")}`),
        click(`${row("Otto Other")} .o_data_cell[name=excerpt]`),
        see(`.o_form_view .alert-warning:visible:contains('ben@good.example')`, "It came from somebody else"),
        see(`.o_form_view ${field("body")}:contains('Is it still on?')`),
        click("button[name=action_done]"),
        see(".o_form_view .o_arrow_button_current:contains('Done')"),
        click(".breadcrumb-item.o_back_button"),
        see(`.o_list_view:not(:has(${row("Otto Other")}))`, "Done, so it waits no more"),
        click(`${row("Ann Apple")} button[name=action_answer]`),
        see(`.modal ${field("partner_ids")}:contains('Ann Apple')`, "It goes to who wrote"),
        see(`.modal ${field("subject")} input:value(/^Re: Spring/)`),
        {
            content: "Write the answer",
            trigger: `.modal ${field("body")} .odoo-editor-editable`,
            run: "editor They are on their way.",
        },
        click(".modal button[name=action_send_mail]"),
        see(".o_list_view .o_view_nocontent:contains('No reply is waiting')", "Answered is done"),
        click(".o_switch_view.o_kanban"),
        click(".o_facet_remove"),
        see(".o_kanban_group:contains('New')"),
        see(".o_kanban_group:contains('Done') .o_kanban_record:contains('Ann Apple')"),
    ],
});

registry.category("web_tour.tours").add("email_campaign_reply_campaign", {
    steps: () => [
        see(".o_form_view button[name=action_view_replies]:contains('2')", "Two are waiting"),
        click("button[name=action_view_replies]"),
        see(`.o_list_view ${row("Ann Apple")}`),
        click(".breadcrumb-item.o_back_button"),
        click("button[name=action_view_responses]:has([name=replied_count])"),
        see(".o_list_view .o_data_row:contains('ann@good.example')"),
    ],
});
