import { Component, xml } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

/** In which time zone the moments of this page are shown and taken. */
export class TimezoneWidget extends Component {
    static template = xml`<span t-esc="text"/>`;
    static props = { ...standardWidgetProps };

    get text() {
        return _t("Time zone: %s", luxon.DateTime.now().zoneName.replaceAll("_", " "));
    }
}

registry.category("view_widgets").add("email_campaign_timezone", { component: TimezoneWidget });
