import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("email_campaign_contact", {
    steps: () => [
        {
            trigger: ".o_form_view .o_field_widget[name=email_validity] .badge:contains(/^Invalid$/)",
        },
        {
            trigger: ".nav-link:contains('Email Campaigns')",
            run: "click",
        },
        {
            content: "The contact says why",
            trigger: ".o_field_widget[name=email_validity_reason]:contains('no such user')",
        },
        {
            trigger: ".oe_stat_button:contains('Campaign Emails'):contains(1)",
            run: "click",
        },
        {
            trigger: ".o_list_view .o_data_row:contains('ann@good.example'):contains('Sent')",
        },
    ],
});
