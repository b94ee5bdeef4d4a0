import { registry } from "@web/core/registry";

const click = (trigger, content) => ({ content, trigger, run: "click" });
const see = (trigger, content) => ({ content, trigger });

registry.category("web_tour.tours").add("email_campaign_verdict", {
    steps: () => [
        see(".o_form_view .o_field_widget[name=email_validity] .badge:contains(/^Invalid$/)"),
        click("button[name=action_view_email_verdicts].ms-1", "Beside the badge"),
        click(".o_list_view .o_data_row:contains('ann@good.example'):contains('The address does not exist') .o_data_cell"),
        see(".o_field_widget[name=rule_text]:contains('standard form')"),
        see(".o_field_widget[name=status_text]:contains('no such mailbox')"),
        see(".o_field_widget[name=matched_by]:contains('signed return path')"),
        see(
            ".o_field_widget[name=raw_text]:contains('<img src=x onerror=alert(1)>'):not(:has(img))",
            "The message is text, whatever stands in it"
        ),
        see(".o_form_view:not(:has(button[name=action_download]))", "No file for salespeople"),
        click("button[name=action_undo]"),
        {
            trigger: ".modal .o_field_widget[name=reason] input",
            run: "edit Their server was being moved",
        },
        click(".modal-footer button[name=action_undo]"),
        see(".o_form_view .alert-info:contains('Their server was being moved'):contains('Tess Tours')"),
        click(".breadcrumb-item a:contains('Ann Apple')"),
        see(".o_form_view .o_field_widget[name=email]"),
        see(".o_form_view:not(:has(.o_field_widget[name=email_validity] .badge))", "Nothing is known of it any more"),
        click(".nav-link[name=email_campaign]"),
        see(".o_field_widget[name=email_validity_history] tr:contains('Invalid → Unknown'):contains('Tess Tours')"),
        click("button[name=action_view_email_verdicts]:contains('Why?')"),
        click(".o_list_view .o_data_row:contains('Taken Back') .o_data_cell"),
        click("button[name=action_confirm]:contains('Confirm Again')"),
        see(".o_arrow_button_current:contains('Counted')"),
    ],
});
