import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

// What is shown comes from strangers in part. It runs nothing, is of no origin, and sends nobody's cookies anywhere.
const RULES =
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; ` +
    `img-src http: https: data:"><meta name="referrer" content="no-referrer"><base target="_blank">`;

/** The HTML of an email in a frame of its own. */
export class FrameField extends Component {
    static template = "email_campaign.FrameField";
    static props = { ...standardFieldProps };

    get document() {
        return RULES + (this.props.record.data[this.props.name] || "");
    }
}

registry.category("fields").add("email_campaign_frame", {
    component: FrameField,
    displayName: _t("HTML of an email"),
    supportedTypes: ["text"],
});
