import { registry } from "@web/core/registry";

const chooseFile = (name, text) => ({
    trigger: ".o_field_widget[name=file]:has(.o_select_file_button)",
    run() {
        const input = this.anchor.querySelector("input[type=file]");
        const transfer = new DataTransfer();
        transfer.items.add(new File([text], name, { type: "text/csv" }));
        input.files = transfer.files;
        input.dispatchEvent(new Event("change", { bubbles: true }));
    },
});

const press = (label) => ({
    trigger: `.o_statusbar_buttons button:contains('${label}')`,
    run: "click",
});

const PEOPLE = [
    "Name;E-Mail;Town;Remark",
    "Ann Apple;ann@good.example;Aachen;x",
    "=cmd|' /C calc'!A0;formula@good.example;;",
    "Ben Beech;ben.good.example;Bern;",
    "Ann Ash;ANN@good.example;;",
].join("\n");

registry.category("web_tour.tours").add("email_campaign_import", {
    steps: () => [
        press("Import CSV"),
        {
            content: "The list is known already",
            trigger: ".o_form_view .o_field_widget[name=list_id] input:value('Gardeners')",
        },
        chooseFile("people.xlsx", "PK\u0003\u0004 no workbook at all"),
        press("Continue"),
        {
            content: "What it is instead, and what to do",
            trigger: ".modal-body:contains('“people.xlsx” is a compressed archive')",
        },
        {
            trigger: ".modal-footer button:contains('Close')",
            run: "click",
        },
        {
            trigger: ".o_field_widget[name=file] .o_clear_file_button",
            run: "click",
        },
        chooseFile("people.csv", PEOPLE),
        press("Continue"),
        {
            trigger: ".o_arrow_button_current:contains('Columns')",
        },
        {
            trigger: ".o_field_widget[name=column_ids] .o_data_row:count(4)",
        },
        {
            content: "What would be refused is marked before anything happens",
            trigger:
                ".o_field_widget[name=preview]:contains('3 can be imported and 1 would be refused') tr.table-danger:contains('ben.good.example')",
        },
        {
            trigger: ".o_field_widget[name=column_ids] .o_data_row:contains('Remark') .o_data_cell[name=target]",
            run: "click",
        },
        {
            trigger: ".o_field_widget[name=column_ids] .o_data_row:contains('Remark') [name=target] .o_select_menu_toggler",
            run: "click",
        },
        {
            trigger: ".o_select_menu_item:contains('Ignore')",
            run: "click",
        },
        {
            content: "The preview follows",
            trigger: ".o_field_widget[name=preview] td.text-muted:contains(/^x$/)",
        },
        press("Import"),
        {
            trigger: ".o_email_campaign_import_progress[data-state=done]:contains('4 of 4 rows')",
        },
        {
            trigger: ".o_field_widget[name=added_count]:contains(/^2$/)",
        },
        {
            trigger: ".o_field_widget[name=repeated_count]:contains(/^1$/)",
        },
        {
            trigger: ".o_field_widget[name=refused_file]:contains('people - refused rows.csv')",
        },
        {
            trigger: "button[name=action_view_refusals]",
            run: "click",
        },
        {
            trigger: ".o_list_view .o_data_row:count(1):contains('ben.good.example'):contains('@-sign')",
        },
        {
            trigger: ".breadcrumb-item:contains('people.csv') a",
            run: "click",
        },
        press("Open Members"),
        {
            trigger: ".o_list_view .o_data_row:count(2)",
        },
        {
            content: "A formula is text, and is not run",
            trigger: ".o_list_view .o_data_row:contains(\"=cmd|' /C calc'!A0\")",
        },
    ],
});

registry.category("web_tour.tours").add("email_campaign_import_long", {
    steps: () => [
        press("Import"),
        {
            trigger: ".o_email_campaign_import_progress[data-state=running]:contains('Starts in a moment')",
        },
        press("Stop"),
        {
            trigger: ".modal-footer button:contains('Ok')",
            run: "click",
        },
        {
            trigger: ".o_email_campaign_import_progress[data-state=cancelled]",
        },
        press("Go On"),
        {
            trigger: ".o_email_campaign_import_progress[data-state=running]",
        },
    ],
});

registry.category("web_tour.tours").add("email_campaign_import_result", {
    steps: () => [
        {
            trigger: ".o_email_campaign_import_progress[data-state=done]:contains('3,000 of 3,000 rows')",
        },
        {
            trigger: ".o_arrow_button_current:contains('Done')",
        },
    ],
});
