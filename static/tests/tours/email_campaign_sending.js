import { waitFor } from "@odoo/hoot-dom";
import { rpc } from "@web/core/network/rpc";
import { registry } from "@web/core/registry";

const progress = (state, ...texts) =>
    `.o_email_campaign_progress[data-state=${state}]` + texts.map((text) => `:contains("${text}")`).join("");

/** What somebody else does meanwhile, in another window: nothing on this page knows of it. */
const elsewhere = async (model, method, ...args) => {
    await rpc(`/web/dataset/call_kw/${model}/${method}`, { model, method, args, kwargs: {} });
};

const shownId = () => Number(location.pathname.split("/").pop());

const settleOne = async () => {
    const model = "email.campaign.recipient";
    const domain = [
        ["mailing_id", "=", shownId()],
        ["state", "=", "in_doubt"],
    ];
    const params = { model, method: "search", args: [domain], kwargs: { limit: 1 } };
    const ids = await rpc(`/web/dataset/call_kw/${model}/search`, params);
    await elsewhere(model, "action_mark_sent", ids);
};

/**
 * Settles one after the other until the bus told of one. A single piece of news may be lost with its connection, which
 * is why the form looks itself after a while; that none of several comes is a fault.
 */
const settleUntilTold = async () => {
    for (const settled of [1, 2, 3, 4]) {
        await settleOne();
        const told = progress("sending", `${settled} of 5 sent`, `${5 - settled} in doubt`) + "[data-source=bus]";
        if (await waitFor(told, { timeout: 5000 }).catch(() => null)) {
            return;
        }
    }
    throw new Error("The bus told of nothing");
};

registry.category("web_tour.tours").add("email_campaign_progress", {
    steps: () => [
        {
            trigger: progress("sending", "0 of 5 sent", "5 in doubt"),
            run: settleUntilTold,
            timeout: 40000,
        },
        {
            trigger: progress("sending", "in doubt"),
            run: () => elsewhere("email.campaign.mailing", "action_pause", [shownId()]),
        },
        {
            content: "Another state brings other buttons",
            trigger: progress("paused", "Paused: 0 remain"),
        },
        {
            trigger: ".o_statusbar_buttons button:contains('Resume')",
        },
        {
            trigger: ".o_arrow_button_current:contains('Paused')",
        },
    ],
});

registry.category("web_tour.tours").add("email_campaign_progress_without_bus", {
    steps: () => [
        {
            trigger: progress("sending", "0 of 3 sent"),
            run: async () => {
                odoo.__WOWL_DEBUG__.root.env.services.bus_service.deleteChannel(
                    `email.campaign.mailing_${shownId()}`
                );
                await settleOne();
            },
        },
        {
            content: "Nobody tells, so it looks itself after a while",
            trigger: progress("sending", "1 of 3 sent") + "[data-source=read]",
            timeout: 30000,
        },
    ],
});

registry.category("web_tour.tours").add("email_campaign_reschedule", {
    steps: () => [
        {
            trigger: ".o_statusbar_buttons button:contains('Launch')",
            run: "click",
        },
        {
            trigger: ".modal .o_field_widget[name=recipient_count]:contains(/^2$/)",
        },
        {
            trigger: ".modal .o_field_widget[name=reason_ids] tr:contains('No email address'):contains('1')",
        },
        {
            trigger: ".modal .o_field_widget[name=moment] label:contains('At a Date and Time')",
            run: "click",
        },
        {
            content: "A moment is proposed, and in which time zone it is",
            trigger: ".modal .o_widget_email_campaign_timezone:contains('Time zone:')",
        },
        {
            trigger: ".modal-footer button:contains('Schedule')",
            run: "click",
        },
        {
            trigger: progress("queued", "Starts", "0 of 2 sent"),
        },
        {
            trigger: ".o_statusbar_buttons button:contains('Reschedule')",
            run: "click",
        },
        {
            trigger: ".modal .o_field_widget[name=moment] label:contains('At Once')",
            run: "click",
        },
        {
            trigger: ".modal-footer button:contains('Reschedule')",
            run: "click",
        },
        {
            trigger: progress("queued", "Starts in a moment"),
        },
        {
            content: "There is no time any more to change",
            trigger: ".o_statusbar_buttons:not(:has(button:contains('Reschedule')))",
        },
    ],
});

const chooseAll = () => ({
    trigger: ".o_list_view thead .o_list_record_selector input",
    run: "click",
});

const chooseRow = (name) => ({
    trigger: `.o_list_view .o_data_row:contains('${name}') .o_list_record_selector input`,
    run: "click",
});

registry.category("web_tour.tours").add("email_campaign_in_doubt", {
    steps: () => [
        {
            trigger: ".o_statusbar_buttons button:contains(/Retry\\s*1\\s*Failed/)",
        },
        {
            trigger: ".alert:contains('in doubt') button:contains('Look at them')",
            run: "click",
        },
        {
            content: "Those in doubt, and not the one that failed",
            trigger: ".o_list_view .o_data_row:count(2)",
        },
        chooseRow("ann@good.example"),
        {
            trigger: ".o_control_panel button:contains('Mark as Sent')",
            run: "click",
        },
        {
            trigger: ".modal:contains('will never get it') .modal-footer button:contains('Mark as Sent')",
            run: "click",
        },
        {
            trigger: ".o_list_view .o_data_row:count(1)",
        },
        chooseAll(),
        {
            trigger: ".o_control_panel button:contains('Send Again')",
            run: "click",
        },
        {
            trigger: ".modal:contains('gets a second copy') .modal-footer button:contains('Send Again')",
            run: "click",
        },
        {
            trigger: ".o_list_view:not(:has(.o_data_row))",
        },
        {
            trigger: ".breadcrumb-item:not(.active):contains('Spring is here') a",
            run: "click",
        },
        {
            trigger: ".oe_stat_button[name=action_view_failed]",
            run: "click",
        },
        {
            trigger: ".o_list_view .o_data_row:count(1):contains('Failed')",
        },
    ],
});
