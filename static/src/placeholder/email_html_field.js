import { isHtmlContentSupported } from "@html_editor/core/selection_plugin";
import { HtmlField, htmlField } from "@html_editor/fields/html_field";
import { Plugin } from "@html_editor/plugin";
import { withSequence } from "@html_editor/utils/resource";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";

const CATEGORY = "email_campaign_links";

/** Offers links whose address is filled in for each recipient, when “/” is typed. */
export class LinkChoicePlugin extends Plugin {
    static id = "emailCampaignLinkChoice";
    static dependencies = ["dom", "history", "selection"];
    resources = {
        user_commands: this.config.emailLinkChoices.map((choice, index) => ({
            id: `emailCampaignLink${index}`,
            title: choice.title,
            description: choice.description,
            icon: "fa-link",
            run: () => this.insert(choice),
            isAvailable: isHtmlContentSupported,
        })),
        powerbox_categories: withSequence(1, { id: CATEGORY, name: _t("Links of the Campaign") }),
        powerbox_items: this.config.emailLinkChoices.map((choice, index) => ({
            categoryId: CATEGORY,
            commandId: `emailCampaignLink${index}`,
        })),
    };

    insert({ title, href }) {
        const link = this.document.createElement("a");
        link.setAttribute("href", href);
        link.textContent = title;
        this.dependencies.dom.insert(link);
        this.dependencies.history.addStep();
    }
}

/** The body of a mass email. */
export class EmailHtmlField extends HtmlField {
    get choices() {
        return this.props.record.data.link_choices || [];
    }

    get wysiwygKey() {
        // Another campaign has other links.
        return `${super.wysiwygKey}_${this.choices.map((choice) => choice.href).join()}`;
    }

    getConfig() {
        const config = super.getConfig();
        return {
            ...config,
            Plugins: [...config.Plugins, LinkChoicePlugin],
            emailLinkChoices: this.choices,
        };
    }
}

registry.category("fields").add("email_campaign_html", {
    ...htmlField,
    component: EmailHtmlField,
    displayName: _t("HTML of a mass email"),
    // What the web client says of the look of an HTML field holds for this one, its width above all.
    additionalClasses: [...(htmlField.additionalClasses || []), "o_field_html"],
    fieldDependencies: [{ name: "link_choices", type: "json", readonly: true }],
});
