{
    "name": "Email Campaigns",
    "version": "19.0.1.0.0",
    "license": "LGPL-3",
    "depends": ["contacts", "crm", "utm", "base_automation", "google_gmail", "microsoft_outlook"],
    "application": True,
}
