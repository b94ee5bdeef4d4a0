import { registry } from "@web/core/registry";

const click = (trigger, content) => ({ content, trigger, run: "click" });
const see = (trigger, content) => ({ content, trigger });
const type = (trigger, text) => ({ trigger, run: `edit ${text}` });

const field = (name) => `.o_field_widget[name=${name}]`;
const row = (...texts) => `.o_list_view .o_data_row${texts.map((text) => `:contains('${text}')`).join("")}`;
const inAudience = (item) => [
    click("button[data-menu-xmlid='email_campaign.email_audience_menu']"),
    click(`.o-dropdown-item[data-menu-xmlid='email_campaign.${item}']`),
];

registry.category("web_tour.tours").add("email_campaign_consent", {
    steps: () => [
        see(row("nora@new.example", "Opted In")),
        click("button:contains('Opt Somebody In or Out')"),
        type(`.modal ${field("email")} input`, "ben@good.example"),
        click(`.modal ${field("list_type_id")} input`),
        click(".o-autocomplete--dropdown-item:contains('News and offers')"),
        type(`.modal ${field("note")} input`, "by letter of 3 May"),
        click(".modal-footer button[name=action_apply]"),
        see("body:not(:has(.modal))"),
        click(`${row("nora@new.example")} .o_data_cell`),
        see(`${field("consent_ids")} .o_data_row:contains('Confirmed by Email')`, "The ledger stands behind it"),
        ...inAudience("email_consent_menu"),
        see(row("ben@good.example", "Opted Out", "By Hand", "by letter of 3 May", "Max")),
        see(row("nora@new.example", "Asked to Subscribe", "Subscribe Form")),
        ...inAudience("email_privacy_menu"),
        type(`.modal ${field("email")} input`, "nora@new.example"),
        click(`.modal ${field("file")}, .modal .modal-title`, "Leave the field, so that it is looked up"),
        see(`.modal ${field("summary")}:contains('Subscriptions')`),
        click(".modal-footer button[name=action_erase]"),
        click(".modal:contains('nobody can undo this') .modal-footer .btn-primary"),
        see(".modal .alert-success:contains('keyed hash')"),
        click(".modal-footer button:contains('Close')"),
        see("body:not(:has(.modal))"),
        ...inAudience("email_subscription_menu"),
        see(row("ben@good.example", "Opted Out")),
        see(".o_list_view:not(:has(.o_data_row:contains('nora@new.example')))"),
    ],
});
