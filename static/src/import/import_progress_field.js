import { Component, useEffect } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { formatInteger } from "@web/views/fields/formatters";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

const TICK = 1000;

/** How far an import is; while it runs, the record is read anew every second. */
export class ImportProgressField extends Component {
    static template = "email_campaign.ImportProgressField";
    static props = { ...standardFieldProps };

    setup() {
        useEffect(
            (isRunning) => {
                if (!isRunning) {
                    return;
                }
                const timer = browser.setInterval(() => this.tick(), TICK);
                return () => browser.clearInterval(timer);
            },
            () => [this.state === "running"]
        );
    }

    get state() {
        return this.props.record.data.state;
    }

    get total() {
        return this.props.record.data.total_count;
    }

    get done() {
        return this.props.record.data[this.props.name];
    }

    get percent() {
        return this.total ? Math.min(100, (100 * this.done) / this.total) : 100;
    }

    get status() {
        if (this.state === "running") {
            return this.done ? _t("Importing") : _t("Starts in a moment");
        }
        return { done: _t("Done"), failed: _t("Failed"), cancelled: _t("Stopped") }[this.state] || "";
    }

    get counts() {
        return _t("%(done)s of %(total)s rows", {
            done: formatInteger(this.done),
            total: formatInteger(this.total),
        });
    }

    get barClass() {
        return {
            running: "progress-bar-striped progress-bar-animated",
            done: "bg-success",
            failed: "bg-danger",
            cancelled: "bg-warning",
        }[this.state];
    }

    async tick() {
        if (document.hidden || this.isReading) {
            return;
        }
        this.isReading = true;
        try {
            await this.props.record.load();
        } finally {
            this.isReading = false;
        }
    }
}

export const importProgressField = {
    component: ImportProgressField,
    displayName: _t("Import Progress"),
    supportedTypes: ["integer"],
    fieldDependencies: [
        { name: "state", type: "selection" },
        { name: "total_count", type: "integer" },
    ],
};

registry.category("fields").add("email_campaign_import_progress", importProgressField);
