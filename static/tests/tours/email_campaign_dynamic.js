import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

const click = (trigger, content) => ({ content, trigger, run: "click" });
const see = (trigger, content) => ({ content, trigger });
const type = (trigger, text) => ({ trigger, run: `edit ${text}` });

const field = (name) => `.o_field_widget[name=${name}]`;
const tab = (name) => click(`.o_notebook .nav-link[name=${name}]`);
const told = (text) => see(`.o_notification:contains('${text}')`);
const members = (count) =>
    see(`.o_field_statinfo:has(.o_stat_text:contains('Members')) .o_stat_value:text(${count})`);
const refresh = () => click(".o_statusbar_buttons button[name=action_refresh]");
const change = (text, more = "") => `${field("refresh_ids")} .o_data_row:contains('${text}')${more}`;

const openLists = () => [
    ...stepUtils.goToAppSteps("email_campaign.email_campaign_menu_root"),
    click("button[data-menu-xmlid='email_campaign.email_audience_menu']"),
    click(".dropdown-item[data-menu-xmlid='email_campaign.email_target_list_menu']"),
    see(".o_last_breadcrumb_item:contains('Target Lists')"),
];

registry.category("web_tour.tours").add("email_campaign_dynamic", {
    steps: () => [
        ...openLists(),
        click(".o_list_button_add"),
        type(`${field("name")} input`, "Swiss customers"),
        click(`${field("kind")} label:contains('Dynamic')`),
        tab("criteria"),
        click(`${field("criterion_ids")} .o_field_x2many_list_row_add a`),
        see(".modal-body:contains('Give at least one rule')"),
        click(`.modal ${field("domain")} a:contains('New Rule')`, "Country comes first"),
        type(".modal .o_tree_editor_condition .o_multi_record_selector input", "Switzer"),
        click(".o-autocomplete--dropdown-item:contains('Switzerland')"),
        see(`.modal ${field("domain")}:contains('2 record(s)')`),
        click(".modal-footer button:contains('Save & Close')"),
        see(`${field("criterion_ids")} .o_data_row:contains('Add'):contains('Contact')`),
        click(".o_form_button_save"),
        see(`${field("criterion_ids")} .o_data_row:contains('Country is Switzerland'):contains('Tess Tours')`),
        see(".alert-warning:contains('The criteria are newer than the members')"),
        refresh(),
        told("2 came, 0 went, 2 are on it now"),
        members(2),
        see(".o_form_view:not(:has(.alert-warning))"),
        tab("members"),
        see(`${field("first_member_ids")} .o_data_row:contains('ann@good.example')`),
        see(`${field("first_member_ids")}:not(:has(button[name=action_take_off]))`, "Nobody is taken off by hand"),
        see(".o_statusbar_buttons:not(:contains('Add Members'))"),
        tab("changes"),
        click(change("Tess Tours", " button[name=action_view_came]")),
        see(".o_last_breadcrumb_item:contains('Came Onto Swiss customers')"),
        see(".o_list_view .o_data_row:contains('ben@good.example')"),
    ],
});

registry.category("web_tour.tours").add("email_campaign_dynamic_changed", {
    steps: () => [
        see(".o_form_view .o_last_breadcrumb_item:contains('Swiss customers')"),
        refresh(),
        told("2 came, 1 went, 3 are on it now"),
        members(3), // the form was read again, which opens its first tab
        tab("changes"),
        see(`${field("refresh_ids")} .o_data_row:count(2)`),
        click(change("Tess Tours", ":first button[name=action_view_went]")),
        see(".o_last_breadcrumb_item:contains('Went Off Swiss customers')"),
        see(".o_list_view .o_data_row:contains('Ann Apple'):contains('ann@good.example')"),
    ],
});

registry.category("web_tour.tours").add("email_campaign_dynamic_red", {
    steps: () => [
        click(".o_statusbar_buttons button:contains('Launch')"),
        see(".modal-body:contains('Nothing can be sent with the list “Swiss customers”'):contains('has no field “land”')"),
        click(".modal-footer button:contains('Close')"),
        ...openLists(),
        click(".o_list_view .o_data_row.text-danger:contains('Refresh Failed') .o_data_cell[name=name]"),
        see(".alert-danger:contains('has no field “land” any more')", "The form says why"),
        members(3),
        click(`${field("criterion_ids")} .o_data_row .o_data_cell[name=operation]`),
        click(`.modal ${field("everyone")} input`),
        click(".modal-footer .o_form_button_save"),
        click(".o_form_button_save"),
        see(".alert-warning:contains('The criteria are newer than the members')"),
        see(".o_form_view:not(:has(.alert-danger))"),
    ],
});
