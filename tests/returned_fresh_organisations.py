"""Reports with a delivery status of Exchange, of the large providers and of gateways."""

from .returned_fresh import DEAD, FOR_NOW, GONE_SOFT, report
from .returned_fresh_reports import ANN, DAEMON, status


def exchange(subject, words, fields):
    head = f"""
From: Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@there.test>
To: <bounce+0123456789abcdef0123@crm.test>
Subject: {subject}
Date: Tue, 3 Nov 2026 09:00:05 +0000
Message-ID: <d2f1c0de-aaaa-4bbb-8ccc-0123456789ab@EX01.there.test>
Auto-Submitted: auto-replied
X-MS-Exchange-Message-Is-Ndr:
"""
    return report(head, words, fields)


ORGANISATIONS = [
    (
        "Exchange 2016, not found in the directory",
        "hard",
        {ANN: DEAD},
        exchange(
            "Undeliverable: Open house",
            """
            Delivery has failed to these recipients or groups:

            ann@there.test<mailto:ann@there.test>
            The email address you entered couldn't be found. Please check the recipient's email address and try to
            resend the message. If the problem continues, please contact your helpdesk.
            """,
            "Reporting-MTA: dns;EX01.there.test\nReceived-From-MTA: dns;out.crm.test\n"
            "Arrival-Date: Tue, 3 Nov 2026 09:00:01 +0000\n\nFinal-Recipient: rfc822;ann@there.test\nAction: failed\n"
            "Status: 5.1.1\nDiagnostic-Code: smtp;550 5.1.1 RESOLVER.ADR.RecipNotFound; not found\n"
            "X-Display-Name: ann@there.test",
        ),
    ),
    (
        "Microsoft 365, 5.1.10",
        "hard",
        {ANN: DEAD},
        exchange(
            "Undeliverable: Open house",
            "Your message to ann@there.test couldn't be delivered. ann wasn't found at there.test.",
            "Reporting-MTA: dns;AM0PR01MB0001.eurprd01.prod.there.test\nReceived-From-MTA: dns;out.crm.test\n\n"
            "Final-Recipient: rfc822;ann@there.test\nAction: failed\nStatus: 5.1.10\nDiagnostic-Code: smtp;550 5.1.10"
            " RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
        ),
    ),
    (
        "Microsoft 365, mailbox full",
        "soft",
        {ANN: GONE_SOFT},
        exchange(
            "Undeliverable: Open house",
            "ann's mailbox is full and can't accept messages now.",
            "Reporting-MTA: dns;AM0PR01MB0001.eurprd01.prod.there.test\n\nFinal-Recipient: rfc822;ann@there.test\n"
            "Action: failed\nStatus: 5.2.2\nDiagnostic-Code: smtp;554 5.2.2 mailbox full;"
            " STOREDRV.Deliver.Exception:QuotaExceededException.MapiExceptionShutoffQuotaExceeded",
        ),
    ),
    (
        "Microsoft 365, restricted sender",
        "soft",
        {ANN: GONE_SOFT},
        exchange(
            "Undeliverable: Open house",
            "Your message wasn't delivered because ann only accepts messages from people in its organization.",
            "Reporting-MTA: dns;AM0PR01MB0001.eurprd01.prod.there.test\n\nFinal-Recipient: rfc822;ann@there.test\n"
            "Action: failed\nStatus: 5.7.133\nDiagnostic-Code: smtp;550 5.7.133"
            " RESOLVER.RST.SenderNotAuthenticatedForGroup;"
            " authentication required; Delivery restriction check failed",
        ),
    ),
    (
        "Microsoft 365, blocked network",
        "soft",
        {ANN: GONE_SOFT},
        exchange(
            "Undeliverable: Open house",
            "Your message to ann@there.test couldn't be delivered. there.test suspects your message is spam.",
            "Reporting-MTA: dns;out.crm.test\n\nFinal-Recipient: rfc822;ann@there.test\nAction: failed\nStatus:"
            " 5.7.606\n"
            "Diagnostic-Code: smtp;550 5.7.606 Access denied, banned sending IP [192.0.2.10]",
        ),
    ),
    (
        "Google Workspace, 5.1.1",
        "hard",
        {ANN: DEAD},
        report(
            "From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>\nTo: bounce+0123456789abcdef0123@crm.test\n"
            "Auto-Submitted: auto-replied\nSubject: Delivery Status Notification (Failure)\n"
            "X-Failed-Recipients: ann@there.test\nMessage-ID: <6547.05@mx.google.com>",
            """
            ** Address not found **

            Your message wasn't delivered to ann@there.test because the address couldn't be found, or is unable to
            receive mail.

            The response from the remote server was:
            550 5.1.1 The email account that you tried to reach does not exist.
            """,
            "Reporting-MTA: dns; googlemail.com\nArrival-Date: Tue, 03 Nov 2026 01:00:00 -0800 (PST)\n"
            "X-Original-Message-ID: <0f0e0d0c0b0a09080706@crm.test>\n\nFinal-Recipient: rfc822; ann@there.test\n"
            "Action: failed\nStatus: 5.1.1\nRemote-MTA: dns; mx.there.test. (192.0.2.1, the server for the domain\n"
            " there.test.)\nDiagnostic-Code: smtp; 550-5.1.1 The email account that you tried to reach does not"
            " exist.\n"
            " 550 5.1.1  https://support.google.com/mail/?p=NoSuchUser - gsmtp",
        ),
    ),
    (
        "Google Workspace, delay",
        "soft",
        {ANN: FOR_NOW},
        report(
            "From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>\nTo: bounce+0123456789abcdef0123@crm.test\n"
            "Subject: Delivery Status Notification (Delay)\nX-Failed-Recipients: ann@there.test",
            """
            ** Delivery incomplete **

            There was a temporary problem delivering your message to ann@there.test. Gmail will retry for 46 more
            hours. You'll be notified if the delivery fails permanently.
            """,
            "Reporting-MTA: dns; googlemail.com\n\nFinal-Recipient: rfc822; ann@there.test\nAction: delayed\n"
            "Status: 4.4.1\nDiagnostic-Code: smtp; The recipient server did not accept our requests to connect.\n"
            "Will-Retry-Until: Thu, 05 Nov 2026 01:00:00 -0800 (PST)",
        ),
    ),
    (
        "Yahoo, disabled account",
        "hard",
        {ANN: DEAD},
        report(
            "From: MAILER-DAEMON@sonic.yahoo.test\nTo: bounce+0123456789abcdef0123@crm.test\n"
            "Subject: Failure Notice\nMessage-ID: <1@sonic.yahoo.test>",
            "Sorry, we were unable to deliver your message to the following address.\n\n<ann@there.test>:\n"
            "554: delivery error: dd Requested mail action aborted, mailbox not found",
            "Reporting-MTA: dns; sonic.yahoo.test\n\nFinal-Recipient: rfc822; ann@there.test\nAction: failed\n"
            "Status: 5.1.1\nDiagnostic-Code: smtp; 554 delivery error: dd Requested mail action aborted,"
            " mailbox not found",
        ),
    ),
    (
        "Zimbra, over quota",
        "soft",
        {ANN: FOR_NOW},
        report(
            DAEMON,
            "<ann@there.test>: host mx.there.test[192.0.2.1] said: 452 4.2.2 Over quota (in reply to end of"
            " DATA command)",
            status(
                "zimbra.there.test",
                "Final-Recipient: rfc822; ann@there.test\nOriginal-Recipient: rfc822;ann@there.test\nAction: failed\n"
                "Status: 4.2.2\nRemote-MTA: dns; mx.there.test\nDiagnostic-Code: smtp; 452 4.2.2 Over quota",
            ),
        ),
    ),
    (
        "courier, two recipients of whom one is alive",
        "hard",
        {ANN: DEAD},
        report(
            'From: "Courier mail server at there.test" <postmaster@there.test>\n'
            "Subject: NOTICE: mail delivery status.\n"
            "To: bounce+0123456789abcdef0123@crm.test\nMessage-ID: <courier.0000@there.test>",
            """
            This is a delivery status notification from there.test,
            running the Courier mail server, version 1.0.

            UNDELIVERABLE MAIL

            Your message to the following recipients cannot be delivered:

            <ann@there.test>:
                mx.there.test [192.0.2.1]:
            >>> RCPT TO:<ann@there.test>
            <<< 550 User unknown.
            """,
            status(
                "there.test",
                "Final-Recipient: rfc822; bob@there.test\nAction: delivered\nStatus: 2.0.0",
                "Final-Recipient: rfc822; ann@there.test\nAction: failed\nStatus: 5.0.0\n"
                "Diagnostic-Code: smtp; 550 User unknown.",
            ),
        ),
    ),
    (
        "Mimecast, recipient rejected",
        "hard",
        {ANN: DEAD},
        report(
            "From: Postmaster <postmaster@mimecast.test>\nTo: bounce+0123456789abcdef0123@crm.test\n"
            "Subject: [Postmaster] Email Delivery Failure",
            "This is a delivery failure notification message indicating that an email you addressed to email address\n"
            "-- ann@there.test\n\ncould not be delivered. The problem appears to be :\n-- Recipient email address is"
            " possibly incorrect",
            "Reporting-MTA: dns; eu-smtp-1.mimecast.test\n\nFinal-Recipient: rfc822; ann@there.test\nAction: failed\n"
            "Status: 5.1.1\nDiagnostic-Code: smtp; 550 Invalid Recipient - https://community.mimecast.test/docs/550",
        ),
    ),
    (
        "Proofpoint, unknown user without a status of its own",
        "hard",
        {ANN: DEAD},
        report(
            DAEMON.replace("Undelivered Mail Returned to Sender", "Delivery Status Notification (Failure)"),
            "The following message to <ann@there.test> was undeliverable.\nThe reason for the problem:\n5.1.0 - Unknown"
            " address error 550-'5.1.1 User Unknown'",
            status(
                "mx0a.pphosted.test",
                "Final-Recipient: rfc822;ann@there.test\nAction: failed\nStatus: 5.0.0 (permanent failure)\n"
                "Diagnostic-Code: smtp; 5.1.0 - Unknown address error 550-'5.1.1 User Unknown' (delivery attempts: 0)",
            ),
        ),
    ),
    (
        "Barracuda, content",
        "soft",
        {ANN: GONE_SOFT},
        report(
            DAEMON,
            "**** Your message was not delivered. It was blocked due to its content ****",
            status(
                "barracuda.there.test",
                "Final-Recipient: rfc822; ann@there.test\nAction: failed\nStatus: 5.7.1\n"
                "Diagnostic-Code: smtp; 554 Service unavailable; message content rejected due to: spam score",
            ),
        ),
    ),
    (
        "Amazon WorkMail and SES, MAILER-DAEMON of amazonses",
        "hard",
        {ANN: DEAD},
        report(
            "From: MAILER-DAEMON@eu-west-1.amazonses.com\nTo: bounce+0123456789abcdef0123@crm.test\n"
            "Subject: Delivery Status Notification (Failure)\nMessage-ID: <0102018@eu-west-1.amazonses.com>",
            "An error occurred while trying to deliver the mail to the following recipients:\nann@there.test",
            "Reporting-MTA: dns; a4-10.smtp-out.eu-west-1.amazonses.com\n\nAction: failed\n"
            "Final-Recipient: rfc822; ann@there.test\nDiagnostic-Code: smtp; 550 5.1.1 <ann@there.test>:"
            " Recipient address"
            " rejected: User unknown in virtual mailbox table\nStatus: 5.1.1",
        ),
    ),
]
