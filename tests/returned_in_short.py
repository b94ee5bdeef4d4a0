"""What exim, qmail and Gmail say about one recipient, in the frame that each has for it."""

from .returned_mail import ANN, DAEMON, HARD, soft

EXIM = """
This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  ann@x.test
    %s

------ This is a copy of the message, including all the headers. ------
"""
QMAIL = """
Hi. This is the qmail-send program at relay.test.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<ann@x.test>:
%s

--- Below this line is a copy of the message.
"""
GMAIL = """
Delivery to the following recipient failed permanently:

     ann@x.test

Technical details of permanent failure:
%s

----- Original message -----
"""
FIELDS = {
    EXIM: f"X-Failed-Recipients: {ANN}\n{DAEMON}\nSubject: Mail delivery failed: returning message to sender",
    QMAIL: "From: MAILER-DAEMON@relay.test\nSubject: failure notice",
    GMAIL: f"X-Failed-Recipients: {ANN}\nFrom: Mail Delivery Subsystem <mailer-daemon@google.test>\nSubject: Failure",
}
WORDS = [
    (EXIM, "Domain crm.test has exceeded the max emails per hour (25) allowed. Message discarded.", soft("rate")),
    (EXIM, "retry time not reached for any host after a long failure period", soft("expired")),
    (EXIM, "all relevant MX records point to non-existent hosts", HARD),
    (EXIM, "an MX or SRV record indicated no SMTP service", HARD),
    (EXIM, 'Too many "Received" headers - suspected mail loop', soft("network")),
    (EXIM, "unknown user", HARD),
    (EXIM, "mailbox is full (MTA-imposed quota exceeded while writing to tmp/H1.x)", soft("mailbox_full")),
    (
        EXIM,
        "SMTP error from remote mail server after RCPT TO:<ann@x.test>:\n    550 relay not permitted",
        soft("policy"),
    ),
    (EXIM, "host mx.x.test [192.0.2.7]: 550 5.1.1 unknown", HARD),
    (QMAIL, "This message is looping: it already has my Delivered-To line. (#5.4.6)", soft("network")),
    (QMAIL, "This address no longer accepts mail.", HARD),
    (QMAIL, "CNAME lookup failed temporarily. (#4.4.3)", soft("network", False)),
    (QMAIL, "user is over quota", soft("mailbox_full")),
    (QMAIL, "Sorry, I couldn't find a mail exchanger or IP address. (#5.4.4)", HARD),
    (QMAIL, "192.0.2.7 failed after I sent the message.\nRemote host said: 554 5.7.1 spam", soft("content")),
    (GMAIL, "DNS Error: Domain name not found", HARD),
    (GMAIL, "PERM_FAILURE: SMTP Error (state 9): 550 5.1.1 <ann@x.test>: User unknown", HARD),
    (GMAIL, "The user you are trying to contact is receiving mail too quickly.", soft("rate")),
]
REPORTS = [(words, FIELDS[frame], frame % words, {ANN: expected}) for frame, words, expected in WORDS]
