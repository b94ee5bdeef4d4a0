import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { deserializeDateTime, toLocaleDateTimeString } from "@web/core/l10n/dates";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

const ICONS = {
    open: "fa-envelope-open-o text-success",
    click: "fa-mouse-pointer text-success",
    reply: "fa-reply text-success",
    opt_in: "fa-check-circle-o text-success",
    opt_out: "fa-ban text-warning",
    bounce: "fa-undo text-danger",
    auto_reply: "fa-mail-reply-all text-muted",
    delivered: "fa-check text-muted",
    delayed: "fa-clock-o text-muted",
    undone: "fa-history text-info",
    pause: "fa-pause text-warning",
    resume: "fa-play text-success",
    complaint: "fa-thumbs-o-down text-danger",
};
const local = (text) => (text ? toLocaleDateTimeString(deserializeDateTime(text)) : "");

/** What somebody was sent, opened and clicked: a line for each email. */
export class TimelineField extends Component {
    static template = "email_campaign.TimelineField";
    static props = { ...standardFieldProps };

    setup() {
        this.action = useService("action");
    }

    get emails() {
        return (this.props.record.data[this.props.name] || []).map((email) => ({
            ...email,
            at: local(email.at),
            events: email.events.map((event, index) => ({ ...event, index, ...this.described(event) })),
        }));
    }

    described(event) {
        return {
            icon: event.machine ? "fa-cog text-muted" : ICONS[event.kind] || "fa-circle-o",
            what: event.link || event.label,
            title: [event.machine ? _t("%s by a machine", event.label) : event.label, local(event.at)].join(", "),
        };
    }

    show(email) {
        return this.action.doActionButton({
            type: "object",
            name: "action_view_message",
            resModel: "email.campaign.recipient",
            resId: email.id,
        });
    }
}

registry.category("fields").add("email_campaign_timeline", {
    component: TimelineField,
    displayName: _t("Timeline of campaign emails"),
    supportedTypes: ["json"],
});
