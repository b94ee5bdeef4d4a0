import { toLocaleDateTimeString } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { formatFloat, formatInteger } from "@web/views/fields/formatters";

const { DateTime, Duration } = luxon;

/**
 * How long it takes, in the user's language: "5 seconds", "1 hour, 20 minutes".
 *
 * @param {number} seconds
 * @returns {string}
 */
export function durationText(seconds) {
    const rounded = seconds < 60 ? Math.max(1, Math.round(seconds)) : 60 * Math.round(seconds / 60);
    const units = ["days", "hours", "minutes", "seconds"];
    const parts = Duration.fromObject({ seconds: rounded }).shiftTo(...units);
    const shown = units.filter((unit) => parts.get(unit)).slice(0, 2);
    return Duration.fromObject(Object.fromEntries(shown.map((unit) => [unit, parts.get(unit)])))
        .reconfigure({ locale: parts.locale })
        .toHuman({ unitDisplay: "long" });
}

/**
 * @param {DateTime} moment
 * @param {DateTime} now
 * @returns {string} the time, with the date unless it is today
 */
export function momentText(moment, now) {
    const showDate = !moment.hasSame(now, "day");
    return toLocaleDateTimeString(moment, { showDate, showTime: true, showSeconds: false });
}

/** The counts, from the one that matters most to what is worth a word only when it is there. */
function countsText(progress) {
    const { sent, total, failed, in_doubt: inDoubt, cancelled } = progress;
    const parts = [
        _t("%(sent)s of %(total)s sent", { sent: formatInteger(sent), total: formatInteger(total) }),
    ];
    if (failed) {
        parts.push(failed === 1 ? _t("1 failed") : _t("%s failed", formatInteger(failed)));
    }
    if (inDoubt) {
        parts.push(inDoubt === 1 ? _t("1 in doubt") : _t("%s in doubt", formatInteger(inDoubt)));
    }
    if (cancelled) {
        parts.push(cancelled === 1 ? _t("1 cancelled") : _t("%s cancelled", formatInteger(cancelled)));
    }
    return parts;
}

function speedText(progress) {
    const { rate, remaining, seconds_left: left } = progress;
    const parts = [];
    if (remaining) {
        parts.push(remaining === 1 ? _t("1 remains") : _t("%s remain", formatInteger(remaining)));
    }
    if (rate) {
        parts.push(_t("%s/s", rate < 10 ? formatFloat(rate, { digits: [16, 1] }) : formatInteger(rate)));
    }
    if (left) {
        parts.push(_t("about %s left", durationText(left)));
    }
    return parts;
}

function waitingText(progress, now) {
    const at = DateTime.fromSQL(progress.next_at, { zone: "utc" }).setZone("default");
    const moment = momentText(at, now);
    if (progress.waits_for === "schedule") {
        const relative = at.toRelative({ base: now });
        return progress.state === "paused"
            ? _t("its time is %(moment)s, %(relative)s", { moment, relative })
            : _t("Starts %(moment)s, %(relative)s", { moment, relative });
    }
    if (progress.waits_for === "trouble" && progress.trouble) {
        return _t("Goes on at %(moment)s: %(trouble)s", { moment, trouble: progress.trouble });
    }
    if (progress.waits_for === "retry") {
        return progress.waiting === 1
            ? _t("Goes on at %s: 1 was refused for now", moment)
            : _t("Goes on at %(moment)s: %(count)s were refused for now", {
                  moment,
                  count: formatInteger(progress.waiting),
              });
    }
    return _t("Goes on at %s", moment);
}

/**
 * @param {Object} progress what the server tells, see `_progress` of the mass email
 * @param {DateTime} now
 * @returns {{status: string, counts: string}} what happens at the moment, and the numbers
 */
export function progressText(progress, now) {
    const { state, remaining } = progress;
    const counts = countsText(progress);
    const waits = progress.next_at ? waitingText(progress, now) : "";
    let status = "";
    if (state === "paused") {
        status =
            remaining === 1 ? _t("Paused: 1 remains") : _t("Paused: %s remain", formatInteger(remaining));
        status = waits ? `${status}, ${waits}` : status;
    } else if (state === "done") {
        status = _t("Done");
    } else if (state === "cancelled") {
        status = _t("Cancelled");
    } else if (waits) {
        status = waits;
    } else if (state === "queued") {
        status = _t("Starts in a moment");
    } else {
        status = _t("Sending");
        counts.push(...speedText(progress));
    }
    return { status, counts: counts.join(" · ") };
}

