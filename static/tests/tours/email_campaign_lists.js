import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

const click = (trigger, content) => ({ content, trigger, run: "click" });
const see = (trigger, content) => ({ content, trigger });
const type = (trigger, text) => ({ trigger, run: `edit ${text}` });

const field = (name) => `.o_field_widget[name=${name}]`;
const inModal = (name) => `.modal ${field(name)}`;
const press = (label) => click(`.modal-footer button:contains('${label}')`);
const members = (count) =>
    see(`.o_field_statinfo:has(.o_stat_text:contains('Members')) .o_stat_value:text(${count})`);
const told = (text) => see(`.o_notification:contains('${text}')`);

const choose = (name, text, label = text) => [
    type(`.modal ${field(name)} input`, text),
    click(`.o-autocomplete--dropdown-item:contains("${label}") a`),
];

const chooseTag = (name, text) => [
    ...choose(name, text),
    see(`.modal ${field(name)} .o_tag:contains("${text}")`),
];

const tick = (name) => click(`.o_list_view .o_data_row:contains('${name}') .o_list_record_selector input`);

const fromCog = (label) => [
    click(".o_cp_action_menus .dropdown-toggle:has(.fa-cog)"),
    click(`.o-dropdown-item:contains('${label}')`),
];

const openLists = () => [
    ...stepUtils.goToAppSteps("email_campaign.email_campaign_menu_root"),
    click("button[data-menu-xmlid='email_campaign.email_audience_menu']"),
    click(".dropdown-item[data-menu-xmlid='email_campaign.email_target_list_menu']"),
    see(".o_last_breadcrumb_item:contains('Target Lists')"),
];

const contactsInList = () => [
    ...stepUtils.goToAppSteps("contacts.menu_contacts"),
    click(".o_switch_view.o_list"),
    see(".o_list_view .o_data_row"),
    type(".o_searchview_input", "Many"),
    click(".o_searchview_autocomplete .o-dropdown-item:contains('Name'):contains('Many')"),
    see(".o_searchview_facet:contains('Many')"),
    see(".o_pager_limit:contains('90')"),
];

registry.category("web_tour.tours").add("email_campaign_lists_selection", {
    steps: () => [
        ...contactsInList(),
        tick("Many 001"),
        tick("Many 002"),
        ...fromCog("Add to target list"),
        see(".modal .alert:contains('2 selected')"),
        ...choose("list_id", "Gardeners", 'Create "Gardeners"'),
        press("Add"),
        told("2 added to “Gardeners”"),
        see(".o_list_view:not(:has(.o_data_row_selected))"),
        click(".o_list_view thead .o_list_record_selector input"),
        click(".o_select_domain", "All of them, and not only those of this page"),
        ...fromCog("Add to target list"),
        see(".modal .alert:contains('90 selected')"),
        ...choose("list_id", "Gardeners"),
        press("Add"),
        told("88 added to “Gardeners”"),
        see(".o_list_view:not(:has(.o_data_row_selected))"),
        tick("Many 003"),
        ...fromCog("Take off target list"),
        ...choose("list_id", "Gardeners"),
        press("Take Off"),
        told("1 taken off “Gardeners”"),
        ...openLists(),
        click(".o_list_view .o_data_row:contains('Gardeners'):contains('89') .o_data_cell"),
        click(
            `${field("first_member_ids")} .o_data_row:contains('Many 001') button[name=action_take_off]`,
            "One is taken off in the form"
        ),
        see(`${field("first_member_ids")}:not(:contains('Many 001'))`),
        members(88),
        click(".oe_stat_button[name=action_view_members]"),
        tick("Many 002"),
        click(".o_control_panel button[name=action_take_off]"),
        press("Ok"),
        see(".o_pager_limit:contains('87')"),
        click(".o_list_view thead .o_list_record_selector input"),
        click(".o_select_domain"),
        click(".o_control_panel button[name=action_take_off]"),
        press("Ok"),
        told("87 members taken off"),
        see(".o_nocontent_help, .o_list_view:not(:has(.o_data_row))"),
    ],
});

registry.category("web_tour.tours").add("email_campaign_lists_filter_and_tags", {
    steps: () => [
        click(".o_statusbar_buttons button:contains('Add Members')"),
        ...chooseTag("category_ids", "Greenhouse"),
        ...chooseTag("filter_ids", "In the north"),
        ...chooseTag("source_list_ids", "Friends"),
        press("Add"),
        told("3 added to “Gardeners”"),
        see(`${field("first_member_ids")} .o_data_row:count(3)`),
        click(".o_statusbar_buttons button:contains('Take Off Members')"),
        ...chooseTag("filter_ids", "In the north"),
        press("Take Off"),
        told("1 taken off “Gardeners”"),
        see(`${field("first_member_ids")} .o_data_row:count(2)`),
        click(".o_statusbar_buttons button:contains('Add Members')"),
        ...chooseTag("filter_ids", "Broken"),
        press("Add"),
        see(".modal-body:contains('saved filter “Broken” can\\'t be used')", "Nobody is added by what can't be read"),
        press("Close"),
        press("Discard"),
        see(`${field("first_member_ids")} .o_data_row:count(2)`),
    ],
});

registry.category("web_tour.tours").add("email_campaign_lists_merge_and_split", {
    steps: () => [
        ...openLists(),
        tick("Gardeners"),
        tick("Friends"),
        ...fromCog("Merge Lists"),
        see(".modal .o_tag:contains('Gardeners')"),
        type(`${inModal("name")} input`, "Everybody"),
        click(`${inModal("archive")} input`),
        press("Merge"),
        see(`.o_form_view ${field("name")} input:value('Everybody')`),
        members(3),
        ...fromCog("Split List"),
        see(`${inModal("list_id")}:contains('Everybody')`),
        type(`${inModal("part_count")} input`, "3"),
        press("Split"),
        see(".o_list_view .o_data_row:count(3)"),
        see(".o_list_view .o_data_row:contains('Everybody (3/3)'):contains('1')"),
        ...openLists(),
        see(".o_list_view:not(:contains('Friends'))", "The merged lists are in the archive"),
        click(".o_list_view .o_data_row:contains('Everybody (1/3)') .o_data_cell"),
        see(`.o_form_view ${field("name")} input:value('Everybody (1/3)')`),
        ...fromCog("Duplicate"),
        see(`.o_form_view ${field("name")} input:value('Everybody (1/3) (copy)')`),
        members(1),
    ],
});

registry.category("web_tour.tours").add("email_campaign_lists_send", {
    steps: () => [
        ...stepUtils.goToAppSteps("email_campaign.email_campaign_menu_root"),
        click("a[data-menu-xmlid='email_campaign.email_campaign_send_menu']"),
        ...chooseTag("target_list_ids", "Friends"),
        ...chooseTag("partner_ids", "Nick Nomail"),
        ...chooseTag("category_ids", "Greenhouse"),
        ...chooseTag("filter_ids", "In the north"),
        type(`${inModal("addresses")} textarea`, "bare@good.example"),
        ...chooseTag("excluding_list_ids", "Rivals"),
        type(`${inModal("name")} input`, "Harvest"),
        type(`${inModal("subject")} input`, "The apples are ripe"),
        { trigger: `${inModal("body_html")} .odoo-editor-editable .o-paragraph`, run: "editor Come and pick them." },
        press("Review and Launch"),
        see(`${inModal("recipient_count")}:contains(/^3$/)`),
        see(`${inModal("reason_ids")} tr:contains('No email address'):contains('1')`),
        click(
            `${inModal("reason_ids")} tr:contains('On an excluding list') button:contains('Show them')`,
            "A number opens as a list"
        ),
        see(".o_last_breadcrumb_item:contains('On an excluding list')"),
        see(".o_list_view .o_data_row:count(1):contains('Ben Beech')"),
        click(".o_control_panel button:contains('Back to the Mass Email')"),
        see(".o_form_view .o_arrow_button_current:contains('Draft')"),
    ],
});

registry.category("web_tour.tours").add("email_campaign_lists_send_draft", {
    steps: () => [
        click(".o_statusbar_buttons button:contains('Launch')"),
        click(`.modal button[name=action_view_audience]:contains('Show them')`),
        see(".o_last_breadcrumb_item:contains('Would Get')"),
        see(".o_control_panel:not(:has(button:contains('Back to the Mass Email')))", "The breadcrumb leads there"),
        see(".o_list_view .o_data_row:count(3):contains('bare@good.example')"),
        click(".breadcrumb-item:contains('The apples are ripe') a, .o_back_button:contains('The apples are ripe')"),
        click(".o_statusbar_buttons button:contains('Launch')"),
        press("Launch"),
        see(".o_arrow_button_current:contains('Queued')"),
    ],
});
