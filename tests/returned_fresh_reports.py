"""Reports with a delivery status, as the mail systems of the world write it."""

from .returned_fresh import DEAD, FOR_NOW, report

DAEMON = """
From: MAILER-DAEMON@mx.there.test (Mail Delivery System)
To: bounce+0123456789abcdef0123@crm.test
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
Date: Tue, 3 Nov 2026 09:00:05 +0000
Message-ID: <20261103090005.A1@mx.there.test>
"""
ANN = "ann@there.test"


def status(mta, *recipients):
    """The fields of a delivery status."""
    return "\n\n".join([f"Reporting-MTA: dns; {mta}\nArrival-Date: Tue, 3 Nov 2026 09:00:01 +0000", *recipients])


REPORTS = [
    (
        "postfix, SMTPUTF8, global status",
        "hard",
        {"jürgen@xn--mller-kva.test": DEAD},  # the form in which addresses are compared
        report(
            DAEMON,
            """
            This is the mail system at host mx.there.test.

            I'm sorry to have to inform you that your message could not be delivered.

            <jürgen@müller.test>: host mx.müller.test[192.0.2.1] said: 550 5.1.1
                <jürgen@müller.test>: Recipient address rejected: User unknown (in reply to RCPT TO command)
            """,
            status(
                "mx.there.test",
                "Final-Recipient: utf-8; jürgen@müller.test\nOriginal-Recipient: utf-8;jürgen@müller.test\n"
                "Action: failed\nStatus: 5.1.1\nRemote-MTA: dns; mx.müller.test\nDiagnostic-Code: smtp; 550 5.1.1"
                " <jürgen@müller.test>: Recipient address\n    rejected: User unknown",
            ),
            to="jürgen@müller.test",
            status="message/global-delivery-status",
            returned="message/global-headers",
        ),
    ),
    (
        "postfix, EAI address in the alternative of RFC 6533",
        "hard",
        {"zoë@there.test": DEAD},
        report(
            DAEMON,
            "Your message could not be delivered.",
            status(
                "mx.there.test",
                "Final-Recipient: utf-8; zo\\x{EB}@there.test\nAction: failed\nStatus: 5.1.1\n"
                "Diagnostic-Code: smtp; 550 5.1.1 no such user",
            ),
            to="zoë@there.test",
        ),
    ),
    (
        "postfix, local: unknown in virtual mailbox table",
        "hard",
        {ANN: DEAD},
        report(
            DAEMON,
            '<ann@there.test>: unknown user: "ann@there.test"',
            status(
                "mx.there.test",
                "Final-Recipient: rfc822; ann@there.test\nOriginal-Recipient: rfc822;ann@there.test\nAction: failed\n"
                'Status: 5.1.1\nDiagnostic-Code: X-Postfix; unknown user: "ann@there.test"',
            ),
        ),
    ),
    (
        "postfix, no MX and no A",
        "hard",
        {"ann@no-such-domain.test": DEAD},
        report(
            DAEMON,
            "<ann@no-such-domain.test>: Host or domain name not found. Name service error for name=no-such-domain.test",
            status(
                "mx.there.test",
                "Final-Recipient: rfc822; ann@no-such-domain.test\nAction: failed\nStatus: 5.4.4\nDiagnostic-Code:"
                " X-Postfix; Host or domain name not found. Name service error\n    for"
                " name=no-such-domain.test type=A:"
                " Host not found",
            ),
            to="ann@no-such-domain.test",
        ),
    ),
    (
        "postfix, connection timed out until expired",
        "soft",
        {ANN: (False, "soft")},
        report(
            DAEMON,
            "<ann@there.test>: connect to mx.there.test[192.0.2.1]:25: Connection timed out",
            status(
                "out.crm.test",
                "Final-Recipient: rfc822; ann@there.test\nAction: failed\nStatus: 4.4.1\n"
                "Diagnostic-Code: X-Postfix; connect to mx.there.test[192.0.2.1]:25: Connection\n    timed out",
            ),
        ),
    ),
    (
        "postfix, delay",
        "soft",
        {ANN: FOR_NOW},
        report(
            DAEMON.replace("Undelivered Mail Returned to Sender", "Delayed Mail (still being retried)"),
            """
            ####################################################################
            # THIS IS A WARNING ONLY.  YOU DO NOT NEED TO RESEND YOUR MESSAGE. #
            ####################################################################

            Your message could not be delivered for more than 4 hour(s).
            It will be retried until it is 5 day(s) old.
            """,
            status(
                "out.crm.test",
                "Final-Recipient: rfc822; ann@there.test\nAction: delayed\nStatus: 4.2.0\nDiagnostic-Code: smtp; 450"
                " 4.2.0 <ann@there.test>: Greylisted\nWill-Retry-Until: Sun, 8 Nov 2026 09:00:00 +0000",
            ),
        ),
    ),
    (
        "postfix, success on request",
        "other",
        {},
        report(
            DAEMON.replace("Undelivered Mail Returned to Sender", "Successful Mail Delivery Report"),
            "<ann@there.test>: delivery via mx.there.test: 250 2.0.0 Ok: queued",
            status("out.crm.test", "Final-Recipient: rfc822; ann@there.test\nAction: relayed\nStatus: 2.0.0"),
        ),
    ),
    (
        "sendmail, transcript",
        "hard",
        {ANN: DEAD},
        report(
            DAEMON.replace("Undelivered Mail Returned to Sender", "Returned mail: see transcript for details"),
            """
            The original message was received at Tue, 3 Nov 2026 09:00:00 GMT
            from crm.test [192.0.2.10]

               ----- The following addresses had permanent fatal errors -----
            <ann@there.test>
                (reason: 550 5.1.1 <ann@there.test>... User unknown)

               ----- Transcript of session follows -----
            ... while talking to mx.there.test.:
            >>> DATA
            <<< 550 5.1.1 <ann@there.test>... User unknown
            550 5.1.1 <ann@there.test>... User unknown
            <<< 503 5.0.0 Need RCPT (recipient)
            """,
            status(
                "out.crm.test",
                "Final-Recipient: RFC822; ann@there.test\nAction: failed\nStatus: 5.1.1\nRemote-MTA: DNS;"
                " mx.there.test\n"
                "Diagnostic-Code: SMTP; 550 5.1.1 <ann@there.test>... User unknown\n"
                "Last-Attempt-Date: Tue, 3 Nov 2026 09:00:01 GMT",
            ),
            returned="text/rfc822-headers",
        ),
    ),
    (
        "sendmail, warning: could not send for past 4 hours",
        "soft",
        {ANN: FOR_NOW},
        report(
            DAEMON.replace("Undelivered Mail Returned to Sender", "Warning: could not send message for past 4 hours"),
            """
                **********************************************
                **      THIS IS A WARNING MESSAGE ONLY      **
                **  YOU DO NOT NEED TO RESEND YOUR MESSAGE  **
                **********************************************

               ----- Transcript of session follows -----
            <ann@there.test>... Deferred: Connection refused by mx.there.test.
            Warning: message still undelivered after 4 hours
            Will keep trying until message is 5 days old
            """,
            status(
                "out.crm.test",
                "Final-Recipient: RFC822; ann@there.test\nAction: delayed\nStatus: 4.4.1\n"
                "Will-Retry-Until: Sun, 8 Nov 2026 09:00:00 GMT",
            ),
        ),
    ),
    (
        "exim 4.9 with a delivery status",
        "hard",
        {ANN: DEAD},
        report(
            "From: Mail Delivery System <Mailer-Daemon@there.test>\nX-Failed-Recipients: ann@there.test\n"
            "Auto-Submitted: auto-replied\nSubject: Mail delivery failed: returning message to sender\n"
            "To: bounce+0123456789abcdef0123@crm.test\nMessage-Id: <E1abc-00@there.test>",
            """
            This message was created automatically by mail delivery software.

            A message that you sent could not be delivered to one or more of its
            recipients. This is a permanent error. The following address(es) failed:

              ann@there.test
                host mx.there.test [192.0.2.1]
                SMTP error from remote mail server after RCPT TO:<ann@there.test>:
                550 No such recipient here
            """,
            "Reporting-MTA: dns; out.there.test\n\nAction: failed\nFinal-Recipient: rfc822;ann@there.test\n"
            "Status: 5.0.0\nRemote-MTA: dns; mx.there.test\nDiagnostic-Code: smtp; 550 No such recipient here",
        ),
    ),
]
