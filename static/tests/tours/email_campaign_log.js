import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

const click = (trigger, content) => ({ content, trigger, run: "click" });
const see = (trigger, content) => ({ content, trigger });
const type = (trigger, text) => ({ trigger, run: `edit ${text}` });
const field = (name) => `.o_field_widget[name=${name}]`;
const press = (label) => click(`.modal-footer button:contains('${label}')`);
const number = (name, text) => `${field(name)}:contains(/^${text}$/)`;
const members = (count) =>
    see(`.o_field_statinfo:has(.o_stat_text:contains('Members')) .o_stat_value:text(${count})`);
const choose = (name, text, label) => [
    type(`.modal ${field(name)} input`, text),
    click(`.o-autocomplete--dropdown-item:contains("${label}") a`),
];
const frameShows = (text) => ({
    content: `The email shows ${text}, in a frame that runs nothing`,
    trigger: ".modal iframe.o_email_campaign_frame[sandbox]:not([sandbox~='allow-scripts'])",
    run: ({ anchor }) => {
        if (!anchor.srcdoc.includes(text)) {
            throw new Error(`Not in the email: ${text}`);
        }
    },
});

registry.category("web_tour.tours").add("email_campaign_log_numbers", {
    steps: () => [
        see(`.o_form_view ${number("open_human_count", 1)}`, "Persons, machines and all of them"),
        see(`.o_form_view ${number("open_machine_count", 2)}`),
        see(`.o_form_view ${number("open_all_count", 3)}`),
        click("button[name=action_view_responses]:has([name=opened_count])"),
        see(".o_list_view .o_data_row:contains('ann@good.example')"),
        see(".o_list_view:not(:has(.o_data_row:contains('ben@good.example')))"),
        click(".breadcrumb-item.o_back_button"),
        click("button[name=action_make_list]"),
        { trigger: `.modal ${field("response")} input, .modal ${field("response")} select`, run: "click" },
        {
            trigger: `.modal ${field("response")}`,
            run: ({ anchor }) => {
                const select = anchor.querySelector("select");
                if (select) {
                    select.value = JSON.stringify("not_opened");
                    select.dispatchEvent(new Event("change", { bubbles: true }));
                } else {
                    const wanted = (item) => item.textContent.includes("did not open");
                    [...document.querySelectorAll(".o_select_menu_item")].find(wanted).click();
                }
            },
        },
        see(`.modal ${number("recipient_count", 1)}`),
        press("Make Target List"),
        see(`.o_form_view ${field("name")} input:value(/did not open/), .o_last_breadcrumb_item:contains('did not open')`),
        members(1),
    ],
});

registry.category("web_tour.tours").add("email_campaign_log_selection", {
    steps: () => [
        ...stepUtils.goToAppSteps("email_campaign.email_campaign_menu_root"),
        click("button[data-menu-xmlid='email_campaign.email_reporting_menu']"),
        click(".dropdown-item[data-menu-xmlid='email_campaign.email_campaign_event_menu']"),
        see(".o_list_view .o_data_row:contains('Opened'):contains('ann@good.example')"),
        click(".o_list_view .o_data_row:contains('Opened'):contains('Person') .o_list_record_selector input"),
        click(".o_cp_action_menus .dropdown-toggle:has(.fa-cog)"),
        click(".o-dropdown-item:contains('Add to target list')"),
        see(".modal .alert:contains('1 recipients selected')"),
        ...choose("list_id", "Readers", 'Create "Readers"'),
        press("Add"),
        see(".o_notification:contains('1 added to “Readers”')"),
        click(".o_list_view .o_data_row:contains('ann@good.example') button[name=action_view_message]"),
        see(".modal-title:contains('What ann@good.example Received')"),
        frameShows("Hello Ann"),
        click(".modal .nav-link:contains('Headers')"),
        see(`.modal ${field("headers")}:contains('Message-ID:')`),
        press("Close"),
        see(".o_list_view:not(:has(.modal))"),
        click(".o_searchview_dropdown_toggler"),
        click(".o_group_by_menu .o_menu_item:contains(/^Kind$/)"),
        see(".o_group_header:contains('Opened')"),
        see(".o_group_header:contains('(3)')"),
    ],
});

registry.category("web_tour.tours").add("email_campaign_log_contact", {
    steps: () => [
        click(".nav-link:contains('Email Campaigns')"),
        see(".o_email_campaign_timeline .text-muted:contains('Opened'):contains('×2')", "Machines are grey"),
        click(".o_email_campaign_timeline button:contains('Spring is here')"),
        frameShows("Hello Ann"),
        press("Close"),
        click("button[name=action_view_email_campaign_events]"),
        see(".o_list_view .o_data_row:contains('Opened')"),
    ],
});

registry.category("web_tour.tours").add("email_campaign_link_choice", {
    steps: () => [
        {
            trigger: `${field("body_html")} .odoo-editor-editable .o-paragraph, ${field("body_html")} .odoo-editor-editable p`,
            run: ({ anchor }) => {
                anchor.closest(".odoo-editor-editable").focus();
                document.getSelection().collapse(anchor, anchor.childNodes.length);
                document.execCommand("insertText", false, "/");
            },
        },
        see(".o-we-powerbox:contains('Links of the Campaign'):contains('Price list'):contains('View in browser')"),
        click(".o-we-command:contains('Price list')"),
        see(`${field("body_html")} a[href='{trackingUrl/prices}']:contains('Price list')`),
        click(".o_form_button_save"),
        see(".o_form_saved, .o_form_view:not(:has(.o_form_button_save:visible))"),
    ],
});
