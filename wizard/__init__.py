from . import email_campaign_mailing_test, email_campaign_send, email_target_list_add
