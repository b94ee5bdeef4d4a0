import { makeContext } from "@web/core/context";
import { patch } from "@web/core/utils/patch";
import { ActionMenus } from "@web/search/action_menus/action_menus";
import { MultiRecordViewButton } from "@web/views/view_button/multi_record_view_button";

// Who is selected here may be more than the client can name: it stops at 20,000 records and says nothing.
const DIALOGS = ["email.target.list.add", "email.campaign.send", "email.address.mark"];
const MEMBER = "email.target.list.member";

/** What tells the server that all records of `domain` are meant, on whatever page they stand. */
const wholeSelection = (resModel, domain) => ({
    active_model: resModel,
    active_id: false,
    active_ids: [],
    active_domain: domain,
    selected_by_domain: true,
});

patch(ActionMenus.prototype, {
    async executeAction(action) {
        const { context, domain, isDomainSelected, onActionExecuted, resModel } = this.props;
        if (!isDomainSelected || !domain) {
            return super.executeAction(...arguments);
        }
        // The menu knows no more of an action than its name.
        const { res_model } = await this.actionService.loadAction(action.id);
        if (!DIALOGS.includes(res_model)) {
            return super.executeAction(...arguments);
        }
        return this.actionService.doAction(action.id, {
            additionalContext: makeContext([context, wholeSelection(resModel, domain)]),
            onClose: onActionExecuted,
        });
    },
});

patch(MultiRecordViewButton.prototype, {
    async onClick(ev, newWindow) {
        const { clickParams, domain, list } = this.props;
        if (!list.isDomainSelected || list.resModel !== MEMBER) {
            return super.onClick(...arguments);
        }
        clickParams.buttonContext = wholeSelection(MEMBER, domain);
        return this.env.onClickViewButton({
            clickParams,
            getResParams: () => ({
                context: list.context,
                evalContext: list.evalContext,
                resModel: MEMBER,
                resIds: [],
            }),
            newWindow,
        });
    },
});
