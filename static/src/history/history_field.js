import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { deserializeDateTime, toLocaleDateTimeString } from "@web/core/l10n/dates";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

/** What became of an address: one line for each change of its validity, with times as the browser's clock shows them. */
export class HistoryField extends Component {
    static template = "email_campaign.HistoryField";
    static props = { ...standardFieldProps };

    get changes() {
        return (this.props.record.data[this.props.name] || []).map((change, index) => ({
            ...change,
            index,
            at: toLocaleDateTimeString(deserializeDateTime(change.at)),
        }));
    }
}

registry.category("fields").add("email_campaign_history", {
    component: HistoryField,
    displayName: _t("History of an email address"),
    supportedTypes: ["json"],
});
