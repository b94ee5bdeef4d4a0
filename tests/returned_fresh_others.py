"""Complaints, machines that answer, and what is none of these."""

from .returned_fresh import bare, octets, plain, report

TO = "To: bounce+0123456789abcdef0123@crm.test\n"
ANN = "ann@there.test"
COMPLAINT = {ANN: None}

OTHERS = [
    (
        "ARF with the least fields",
        "complaint",
        {},
        report(
            f"From: <abuse@there.test>\n{TO}Subject: FW: Open house",
            "This is an email abuse report for an email message received from IP 192.0.2.10.",
            "Feedback-Type: abuse\nUser-Agent: SomeGenerator/1.0\nVersion: 1",
            kind="feedback-report",
        ),
    ),
    (
        "ARF with all fields, headers only",
        "complaint",
        COMPLAINT,
        report(
            f"From: Complaints <fbl@there.test>\n{TO}Subject: complaint about message from 192.0.2.10",
            "A user marked this as spam.",
            "Feedback-Type: abuse\nUser-Agent: FBL/2.0\nVersion: 1\nOriginal-Mail-From: <bounce+01@crm.test>\n"
            "Original-Rcpt-To: <ann@there.test>\nArrival-Date: Tue, 3 Nov 2026 09:00:00 GMT\nReporting-MTA: dns;"
            " mx.there.test\nSource-IP: 192.0.2.10\nReported-Domain: crm.test\nRemoval-Recipient: ann@there.test",
            kind="feedback-report",
            returned="text/rfc822-headers",
        ),
    ),
    (
        "ARF: not spam",
        "other",
        {},
        report(
            f"From: <abuse@there.test>\n{TO}Subject: FW: Open house",
            "This message was wrongly taken for spam.",
            "Feedback-Type: not-spam\nUser-Agent: SomeGenerator/1.0\nVersion: 1",
            kind="feedback-report",
        ),
    ),
    (
        "ARF: authentication failure",
        "other",
        {},
        report(
            f"From: <dmarc@there.test>\n{TO}Subject: FW: Open house",
            "This is an authentication failure report.",
            "Feedback-Type: auth-failure\nUser-Agent: Lua/1.0\nVersion: 1\nAuth-Failure:"
            " dmarc\nDelivery-Result: reject",
            kind="feedback-report",
        ),
    ),
    (
        "read receipt",
        "other",
        {},
        report(
            f"From: Ann <ann@there.test>\n{TO}Subject: Read: Open house",
            "Your message was read.",
            "Reporting-UA: pc; Mail\nFinal-Recipient: rfc822;ann@there.test\nDisposition:"
            " manual-action/MDN-sent-manually; displayed",
            kind="disposition-notification",
            returned="",
        ),
    ),
    (
        "receipt that says it was deleted unread",
        "other",
        {},
        report(
            f"From: Ann <ann@there.test>\n{TO}Subject: Not read: Open house",
            "Your message was deleted without being read.",
            "Final-Recipient: rfc822;ann@there.test\nDisposition: automatic-action/MDN-sent-automatically; deleted",
            kind="disposition-notification",
            returned="",
        ),
    ),
    (
        "vacation by RFC 3834",
        "auto_reply",
        {},
        plain(
            f"From: Ann <ann@there.test>\n{TO}Subject: Auto: Open house\nAuto-Submitted: auto-replied (vacation)\n"
            "In-Reply-To: <0f0e0d0c0b0a09080706@crm.test>",
            "I am away until Monday. If it is urgent, write to bob@there.test.",
        ),
    ),
    (
        "Outlook's rule, in Dutch, by its words alone",
        "auto_reply",
        {},
        plain(
            f"From: Ann <ann@there.test>\n{TO}Subject: Automatisch antwoord: Open house\nX-Auto-Response-Suppress: All",
            "Ik ben afwezig.",
        ),
    ),
    (
        "Brazil, on holiday",
        "auto_reply",
        {},
        plain(
            f"From: Ann <ann@there.test>\n{TO}Subject: Resposta automática: Open house",
            "Estou de férias até segunda-feira.",
        ),
    ),
    (
        "somebody who left the company, by a responder",
        "auto_reply",
        {},
        plain(
            f"From: Ann <ann@there.test>\n{TO}Subject: Out of Office: Open house\nX-Autoreply: yes\nPrecedence: bulk",
            "I no longer work here. This mailbox is not read.",
        ),
    ),
    (
        "a ticket system that says it has received",
        "auto_reply",
        {},
        plain(
            f"From: Support <support@there.test>\n{TO}Subject: [#4711] We have received your request: Open house\n"
            "Auto-Submitted: auto-generated\nX-Auto-Response-Suppress: All",
            "A ticket was opened for you.",
        ),
    ),
    (
        "a real reply that quotes",
        "other",
        {},
        plain(
            "From: Ann <ann@there.test>\nTo: sales@crm.test\nSubject: Re: Open house\n"
            "In-Reply-To: <0f0e0d0c0b0a09080706@crm.test>",
            "Yes, I will come. My old mailbox ann@old.test is full, by the way, mail to it was returned.\n\n"
            "> Come and see us. If your mailbox is full, bring it along; unknown users are welcome.",
        ),
    ),
    (
        "a person who asks about a bounce",
        "other",
        {},
        plain(
            "From: Bob <bob@there.test>\nTo: sales@crm.test\nSubject: Undelivered mail?",
            "Hello, I got this when I wrote to you:\n\n> <sales@crm.test>: 550 5.1.1 User unknown\n\nCan you help?",
        ),
    ),
    (
        "DMARC aggregate report",
        "other",
        {},
        octets(
            f"From: noreply-dmarc-support@there.test\n{TO}Subject: Report domain: crm.test Submitter: there.test"
            " Report-ID: 123\nMIME-Version: 1.0\nContent-Type: application/zip; name=there.test!crm.test!1!2.zip\n"
            "Content-Disposition: attachment; filename=there.test!crm.test!1!2.zip\nContent-Transfer-Encoding:"
            " base64\n\n"
            "UEsDBAoAAAAAAA==\n"
        ),
    ),
    (
        "TLS report",
        "other",
        {},
        octets(
            f"From: noreply-smtp-tls-reporting@there.test\n{TO}Subject: Report Domain: crm.test Submitter: there.test\n"
            "TLS-Report-Domain: crm.test\nTLS-Report-Submitter: there.test\nMIME-Version: 1.0\n"
            'Content-Type: multipart/report; report-type="tlsrpt"; boundary=B\n\n--B\nContent-Type: text/plain\n\n'
            "This is an aggregate TLS report from there.test\n--B\nContent-Type: application/tlsrpt+gzip\n"
            "Content-Transfer-Encoding: base64\n\nH4sIAAAAAAAAAw==\n--B--\n"
        ),
    ),
    (
        "a newsletter about delivery",
        "other",
        {},
        plain(
            "From: Deliverability Weekly <news@there.test>\nTo: sales@crm.test\nSubject: Why mail bounces\n"
            "List-Id: <weekly.there.test>\nList-Unsubscribe: <https://there.test/u>\nPrecedence: bulk",
            'This week: what "550 5.1.1 User unknown" means, and why Undelivered Mail Returned to Sender comes back.',
        ),
    ),
    (
        "a challenge that asks to prove that one is a person",
        "auto_reply",
        {},
        bare(
            f"From: ann@there.test\n{TO}Subject: Please confirm your message\nAuto-Submitted: auto-replied",
            "Your message is waiting. Reply to this one to have it delivered.",
        ),
    ),
]
