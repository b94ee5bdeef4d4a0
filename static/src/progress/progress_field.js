import { Component, status, useEffect, useState } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useBus, useService } from "@web/core/utils/hooks";
import { standardFieldProps } from "@web/views/fields/standard_field_props";
import { progressText } from "./progress_text";

const { DateTime } = luxon;

const NOTIFICATION = "email_campaign.progress";
const TICK = 1000;
// Seconds without a message after which we look ourselves: while it is sent, and while it waits for its moment.
const SILENCE = 5;
const PATIENCE = 60;
const SETTLED = ["done", "cancelled"];

/**
 * How far a mass email is, live: told by the bus, asked for only where the bus is silent while something should happen.
 */
export class ProgressField extends Component {
    static template = "email_campaign.ProgressField";
    static props = { ...standardFieldProps };

    setup() {
        this.orm = useService("orm");
        this.busService = useService("bus_service");
        this.state = useState({ told: null, now: DateTime.now(), source: "record" });
        this.heardAt = DateTime.now();
        this.isAsking = false;
        this.needsReload = false;

        const onNotification = (progress) => this.onProgress(progress, "bus");
        useEffect(
            (resId) => {
                this.state.told = null;
                if (!resId) {
                    return;
                }
                const channel = `email.campaign.mailing_${resId}`;
                this.busService.addChannel(channel);
                this.busService.subscribe(NOTIFICATION, onNotification);
                return () => {
                    this.busService.unsubscribe(NOTIFICATION, onNotification);
                    this.busService.deleteChannel(channel);
                };
            },
            () => [this.props.record.resId]
        );
        useEffect(
            (fresh) => {
                // What the record was read with is newer than what was told before.
                this.state.told = null;
                this.state.source = "record";
                this.heard(fresh);
            },
            () => [this.props.record.data[this.props.name]]
        );
        // Messages may have been lost meanwhile.
        useBus(this.busService, "BUS:RECONNECT", () => this.ask());
        useEffect(
            () => {
                const timer = browser.setInterval(() => this.tick(), TICK);
                return () => browser.clearInterval(timer);
            },
            () => []
        );
    }

    get progress() {
        return this.state.told || this.props.record.data[this.props.name];
    }

    get dealt() {
        return this.progress.total - this.progress.remaining;
    }

    get texts() {
        return progressText(this.progress, this.state.now);
    }

    get icon() {
        const { state, waits_for: waitsFor } = this.progress;
        if (state === "paused") {
            return "fa fa-pause";
        }
        if (SETTLED.includes(state)) {
            return state === "done" ? "fa fa-check" : "fa fa-ban";
        }
        return waitsFor || state === "queued" ? "fa fa-clock-o" : "fa fa-circle-o-notch fa-spin";
    }

    get statusClass() {
        const { state, waits_for: waitsFor } = this.progress;
        if (state === "paused" || (waitsFor && waitsFor !== "schedule")) {
            return "text-warning-emphasis";
        }
        return state === "done" ? "text-success" : "";
    }

    get bars() {
        const { state, total, sent, failed, in_doubt: inDoubt, waits_for: waitsFor } = this.progress;
        const isMoving = state === "sending" && !waitsFor;
        const bars = [
            { name: "sent", count: sent, title: _t("Sent"), className: "bg-success" },
            { name: "failed", count: failed, title: _t("Failed"), className: "bg-danger" },
            { name: "in_doubt", count: inDoubt, title: _t("In Doubt"), className: "bg-warning" },
        ];
        return bars
            .filter(({ count }) => count)
            .map((bar) => ({
                ...bar,
                width: (100 * bar.count) / total,
                className: isMoving ? `${bar.className} progress-bar-striped progress-bar-animated` : bar.className,
            }));
    }

    /** Seconds of silence after which we look ourselves; none once it is settled or stands still. */
    get patience() {
        const { state, every, next_at: nextAt } = this.progress;
        if (!["queued", "sending"].includes(state)) {
            return Infinity;
        }
        const isWaiting = nextAt && DateTime.fromSQL(nextAt, { zone: "utc" }) > this.state.now;
        return isWaiting ? PATIENCE : SILENCE + 2 * (every || 1);
    }

    heard(progress) {
        this.heardAt = DateTime.now();
        this.last = progress && { at: this.heardAt, dealt: progress.total - progress.remaining };
    }

    /** What is read says nothing of the speed; it shows from what was known before. */
    withSpeed(progress) {
        const coming = progress.remaining - progress.waiting;
        const passed = this.last ? DateTime.now().diff(this.last.at).as("seconds") : 0;
        const rate = passed ? (progress.total - progress.remaining - this.last.dealt) / passed : 0;
        if (progress.state !== "sending" || progress.waits_for || rate <= 0) {
            return progress;
        }
        return { ...progress, rate, seconds_left: coming / rate };
    }

    async onProgress(progress, source) {
        if (progress.id !== this.props.record.resId) {
            return;
        }
        progress = source === "read" ? this.withSpeed(progress) : progress;
        this.heard(progress);
        this.needsReload = this.needsReload || progress.state !== this.props.record.data.state;
        this.state.told = progress;
        this.state.source = source;
        await this.reload();
    }

    /** Reads the record anew for its buttons and numbers, but not over what somebody is writing there. */
    async reload() {
        const { record } = this.props;
        if (this.needsReload && !record.dirty && !(await record.isDirty())) {
            this.needsReload = false;
            await record.load();
        }
    }

    async tick() {
        this.state.now = DateTime.now();
        if (!this.progress || document.hidden) {
            return;
        }
        await this.reload();
        if (status(this) === "mounted" && this.state.now.diff(this.heardAt).as("seconds") > this.patience) {
            await this.ask();
        }
    }

    async ask() {
        const { record, name } = this.props;
        if (this.isAsking || !record.resId || !this.progress || SETTLED.includes(this.progress.state)) {
            return;
        }
        this.isAsking = true;
        try {
            const domain = [["id", "=", record.resId]];
            const [values] = await this.orm.silent.searchRead(record.resModel, domain, [name]);
            if (values && values[name]) {
                await this.onProgress(values[name], "read");
            }
        } finally {
            this.isAsking = false;
            this.heardAt = DateTime.now();
        }
    }
}

export const progressField = {
    component: ProgressField,
    displayName: _t("Sending Progress"),
    supportedTypes: ["json"],
    fieldDependencies: [{ name: "state", type: "selection" }],
};

registry.category("fields").add("email_campaign_progress", progressField);
