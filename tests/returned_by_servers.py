"""Reports in prose of the mail servers of Unix, of Gmail and of Yahoo."""

from .returned_mail import ANN, BOB, DAEMON, HARD, soft

REPORTS = [
    (
        "exim, refused at RCPT",
        f"X-Failed-Recipients: {ANN}\nAuto-Submitted: auto-replied\n{DAEMON}\n"
        "Subject: Mail delivery failed: returning message to sender",
        """
        This message was created automatically by mail delivery software.

        A message that you sent could not be delivered to one or more of its
        recipients. This is a permanent error. The following address(es) failed:

          ann@x.test
            host mx.x.test [192.0.2.7]
            SMTP error from remote mail server after RCPT TO:<ann@x.test>:
            550 No such person at this address

        ------ This is a copy of the message, including all the headers. ------
        """,
        {ANN: HARD},
    ),
    (
        "exim, two recipients in folded fields",
        f"X-Failed-Recipients: {ANN},\n  {BOB}\n{DAEMON}\nSubject: Mail delivery failed: returning message to sender",
        """
        This message was created automatically by mail delivery software.

        A message that you sent could not be delivered to one or more of its
        recipients. This is a permanent error. The following address(es) failed:

          ann@x.test
            Unrouteable address
          bob@y.test
            SMTP error from remote mail server after end of data:
            host mx.y.test [192.0.2.8]: 552 5.2.2 Mailbox over quota

        ------ This is a copy of the message's headers. ------
        """,
        {ANN: HARD, BOB: soft("mailbox_full")},
    ),
    (
        "exim, a filter that calls nobody by name",
        f"X-Failed-Recipients: {ANN}\n{DAEMON}\nSubject: Mail delivery failed: returning message to sender",
        """
        A message that you sent could not be delivered to one or more of its recipients.
        The following address(es) failed:

          ann@x.test
            SMTP error from remote mail server after end of data:
            host mx.x.test [192.0.2.7]: 550 : User unknown

        ------ This is a copy of the message, including all the headers. ------
        """,
        {ANN: soft("filtered")},
    ),
    (
        "exim, retry time",
        f"X-Failed-Recipients: {ANN}\n{DAEMON}\nSubject: Mail delivery failed: returning message to sender",
        """
        A message that you sent could not be delivered to one or more of its recipients. This is a permanent
        error. The following address(es) failed:

          ann@x.test
            retry timeout exceeded

        ------ This is a copy of the message, including all the headers. ------
        """,
        {ANN: soft("expired")},
    ),
    (
        "exim, sender's address checked",
        f"X-Failed-Recipients: {ANN}\n{DAEMON}\nSubject: Mail delivery failed: returning message to sender",
        """
        A message that you sent could not be delivered to one or more of its recipients. This is a permanent
        error. The following address(es) failed:

          ann@x.test
            host mx.x.test [192.0.2.7]
            SMTP error from remote mail server after MAIL FROM:<bounce@crm.test> SIZE=4000:
            550 5.1.0 Sender address domain crm.test does not exist

        ------ This is a copy of the message, including all the headers. ------
        """,
        {ANN: soft("policy")},
    ),
    (
        "qmail, no such mailbox",
        "From: MAILER-DAEMON@relay.test\nSubject: failure notice",
        """
        Hi. This is the qmail-send program at relay.test.
        I'm afraid I wasn't able to deliver your message to the following addresses.
        This is a permanent error; I've given up. Sorry it didn't work out.

        <ann@x.test>:
        Sorry, no mailbox here by that name. (#5.1.1)

        --- Below this line is a copy of the message.
        """,
        {ANN: HARD},
    ),
    (
        "qmail, several",
        "From: MAILER-DAEMON@relay.test\nSubject: failure notice",
        """
        Hi. This is the qmail-send program at relay.test.
        I'm afraid I wasn't able to deliver your message to the following addresses.
        This is a permanent error; I've given up. Sorry it didn't work out.

        <ann@x.test>:
        192.0.2.7 does not like recipient.
        Remote host said: 550 sorry, no such user here
        Giving up on 192.0.2.7.

        <bob@y.test>:
        Connected to 192.0.2.8 but sender was rejected.
        Remote host said: 554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.test

        <eve@z.test>:
        Sorry, I couldn't find any host named z.test. (#5.1.2)

        --- Below this line is a copy of the message.
        """,
        {ANN: HARD, BOB: soft("blocked"), "eve@z.test": HARD},
    ),
    (
        "qmail, in the queue too long",
        "From: MAILER-DAEMON@relay.test\nSubject: failure notice",
        """
        Hi. This is the qmail-send program at relay.test.
        I'm afraid I wasn't able to deliver your message to the following addresses.
        This is a permanent error; I've given up. Sorry it didn't work out.

        <ann@x.test>:
        192.0.2.7 does not like recipient.
        Remote host said: 451 4.2.2 mailbox is full
        Giving up on 192.0.2.7.
        I'm not going to try again; this message has been in the queue too long.

        --- Below this line is a copy of the message.
        """,
        {ANN: soft("mailbox_full", False)},
    ),
    (
        "netqmail with another greeting",
        "From: MAILER-DAEMON@relay.test\nSubject: failure notice",
        """
        Your mail message to the following address(es) could not be delivered. This
        is a permanent error. Please verify the addresses and try again.

        <ann@x.test>:
        The user's mailfolder is full.

        --- Below this line is a copy of the message.
        """,
        {ANN: soft("mailbox_full")},
    ),
    (
        "Postfix before it spoke RFC 3464",
        f"{DAEMON}\nSubject: Undelivered Mail Returned to Sender",
        """
        This is the Postfix program at host mx.relay.test.

        I'm sorry to have to inform you that the message returned
        below could not be delivered to one or more destinations.

        For further assistance, please send mail to <postmaster@relay.test>

        If you do so, please include this problem report. You can
        delete your own text from the message returned below.

                                The Postfix program

        <ann@x.test>: host mx.x.test[192.0.2.7] said: 550 <ann@x.test>: Recipient
            address rejected: User unknown in local recipient table (in reply to RCPT
            TO command)

        <bob@y.test>: mail for y.test loops back to myself
        """,
        {ANN: HARD, BOB: soft("network")},
    ),
    (
        "sendmail without a status part",
        "From: Mail Delivery Subsystem <MAILER-DAEMON@relay.test>\nSubject: Returned mail: see transcript for details",
        """
        The original message was received at Mon, 2 Nov 2026 10:00:00 +0100
        from crm.test [192.0.2.1]

           ----- The following addresses had permanent fatal errors -----
        <ann@x.test>
            (reason: 550 5.1.1 <ann@x.test>... User unknown)

           ----- Transcript of session follows -----
        ... while talking to mx.x.test.:
        >>> DATA
        <<< 550 5.1.1 <ann@x.test>... User unknown
        550 5.1.1 <ann@x.test>... User unknown
        <<< 503 5.0.0 Need RCPT (recipient)

           ----- Original message follows -----
        """,
        {ANN: HARD},
    ),
    (
        "sendmail 5",
        "From: Mail Delivery Subsystem <MAILER-DAEMON@relay.test>\nSubject: Returned mail: User unknown",
        """
           ----- Transcript of session follows -----
        While talking to mx.x.test:
        >>> RCPT To:<ann@x.test>
        <<< 550 <ann@x.test>... User unknown
        550 <ann@x.test>... User unknown

           ----- Unsent message follows -----
        """,
        {ANN: HARD},
    ),
    (
        "Gmail of old, over quota",
        f"From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>\nX-Failed-Recipients: {ANN}\n"
        "Subject: Delivery Status Notification (Failure)",
        """
        Delivery to the following recipient failed permanently:

             ann@x.test

        Technical details of permanent failure:
        The email account that you tried to reach is over quota. Please direct the recipient to
        https://support.google.test/mail/answer/6558

        ----- Original message -----
        """,
        {ANN: soft("mailbox_full")},
    ),
    (
        "Gmail of old, refused by the other side",
        "From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>\nSubject: Delivery Status Notification (Failure)",
        """
        Delivery to the following recipient failed permanently:

             ann@x.test

        Technical details of permanent failure:
        Google tried to deliver your message, but it was rejected by the recipient domain. We recommend contacting
        the other email provider for further information about the cause of this error. The error that the other
        server returned was: 550 550 unknown user (state 14).

        ----- Original message -----
        """,
        {ANN: HARD},
    ),
    (
        "Gmail, address not found, as HTML only",
        "From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>\n"
        "Subject: Delivery Status Notification (Failure)\nContent-Type: text/html; charset=utf-8",
        """
        <html><head><style>* { color: red }</style></head><body><table><tr><td>
        <h2>Address not found</h2>Your message wasn't delivered to <a href="mailto:ann@x.test"><b>ann@x.test</b></a>
        because the address couldn&#39;t be found, or is unable to receive mail.</td></tr></table></body></html>
        ...
        """,
        {ANN: HARD},
    ),
    (
        "Yahoo",
        "From: MAILER-DAEMON@yahoo.com\nSubject: Failure Notice",
        """
        Sorry, we were unable to deliver your message to the following address.

        <ann@x.test>:
        554: 5.7.1 Message blocked due to spam content

        --- Below this line is a copy of the message.
        """,
        {ANN: soft("content")},
    ),
    (
        "Yahoo, account gone",
        "From: MAILER-DAEMON@yahoo.com\nSubject: Delivery failure",
        """
        Message from yahoo.com.
        Unable to deliver message to the following address(es).

        <ann@x.test>:
        This user doesn't have a x.test account (ann@x.test) [-5]

        --- Original message follows.
        """,
        {ANN: HARD},
    ),
]
