import { registry } from "@web/core/registry";

const click = (trigger, content) => ({ content, trigger, run: "click" });
const see = (trigger, content) => ({ content, trigger });
const type = (trigger, text) => ({ trigger, run: `edit ${text}` });

const field = (name) => `.o_field_widget[name=${name}]`;
const badge = (label) => see(`.o_form_view ${field("email_validity")} .badge:contains(/^${label}$/)`);
const change = (text, who) => see(`${field("email_validity_history")} tr:contains('${text}'):contains('${who}')`);
const openPage = () => click(".nav-link[name=email_campaign]");
const backToList = () => [
    click(".breadcrumb-item:contains('Contacts') a, .o_back_button"),
    see(".o_list_view .o_data_row:contains('Ben Beech')"),
];
const inMenu = (text) => [
    click(".o_searchview_dropdown_toggler"),
    click(`.o_search_bar_menu .o_menu_item:contains('${text}')`),
    see(`.o_searchview_facet:contains("${text}")`),
    click(".o_searchview_dropdown_toggler"),
];
const group = (label, count) => see(`.o_list_view .o_group_header:contains('${label} (${count})')`);

const mark = (validity, note) => [
    click(`button[name=action_mark_email_${validity}]`),
    type(`.modal ${field("note")} input`, note),
    click(".modal-footer button[name=action_mark]"),
    see("body:not(:has(.modal))"),
];

registry.category("web_tour.tours").add("email_campaign_validity", {
    steps: () => [
        badge("Soft Bouncing"),
        openPage(),
        change("Unknown → Soft Bouncing", "Bounce"),
        ...mark("invalid", "Ann left the company"),
        badge("Invalid"),
        see(".o-mail-Message:contains('ann@good.example marked as invalid'):contains('Ann left the company')"),
        openPage(),
        change("Soft Bouncing → Invalid", "Tess Tours"),
        ...backToList(),
        ...inMenu("Email: Invalid Address"),
        see(".o_list_view .o_data_row:contains('Ann Apple')"),
        see(".o_list_view:not(:has(.o_data_row:contains('Ben Beech')))"),
        click(".o_facet_remove"),
        see(".o_list_view .o_data_row:contains('Ben Beech')"),
        ...inMenu("Email Validity"),
        group("Invalid", 1),
        group("Valid", 1),
        click(".o_list_view .o_optional_columns_dropdown button", "The validity is a column too"),
        click(".o-dropdown-item:contains('Email Validity') input"),
        click(".o_group_header:contains('Valid (1)'):not(:contains('Invalid'))"),
        see(".o_list_view .o_data_row:contains('Ben Beech') .badge:contains(/^Valid$/)"),
        click(".o_list_view .o_data_row:contains('Ben Beech') .o_data_cell"),
        badge("Valid"),
    ],
});

registry.category("web_tour.tours").add("email_campaign_validity_all", {
    steps: () => [
        ...backToList(),
        type(".o_searchview_input", "Many"),
        click(".o_searchview_autocomplete .o-dropdown-item:contains('Name'):contains('Many')"),
        see(".o_pager_limit:contains('90')"),
        click(".o_list_view thead .o_list_record_selector input"),
        click(".o_select_domain", "All of them, and not only those of this page"),
        click(".o_cp_action_menus .dropdown-toggle:has(.fa-cog)"),
        click(".o-dropdown-item:contains('Mark email address')"),
        see(`.modal ${field("addresses")}:contains('90 selected')`),
        type(`.modal ${field("note")} input`, "The firm is closed"),
        click(".modal-footer button[name=action_mark]"),
        see("body:not(:has(.modal))"),
    ],
});

registry.category("web_tour.tours").add("email_campaign_validity_lead", {
    steps: () => [
        badge("Invalid"),
        openPage(),
        change("Unknown → Invalid", "Bounce"),
        see(`${field("email_validity_reason")}:contains('no such user')`),
        ...mark("valid", "It was a slip of ours"),
        badge("Valid"),
        see(".o-mail-Message:contains('lea@good.example marked as valid'):contains('It was a slip of ours')"),
        see(".oe_stat_button:contains('Campaign Emails'):contains('1')"),
    ],
});

registry.category("web_tour.tours").add("email_campaign_contact_types", {
    steps: () => [
        openPage(),
        click(`${field("is_email_list_contact")} input`),
        click(`${field("is_email_contact")} input`),
        click(".o_form_button_save"),
        see(".o_form_saved"),
        ...backToList(),
        ...inMenu("Email Contact Type"),
        see(".o_group_header:contains('Mailing-list Contact (1)')"),
        click(".o_facet_remove"),
        see(".o_list_view .o_data_row:contains('Ben Beech')"),
        ...inMenu("Email: Mailing-list Contacts"),
        see(".o_list_view .o_data_row:contains('Ann Apple')"),
        see(".o_list_view:not(:has(.o_data_row:contains('Ben Beech')))"),
    ],
});
