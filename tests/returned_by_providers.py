"""Reports in prose of providers, small servers and carriers."""

from .returned_mail import ANN, BOB, DAEMON, HARD, POSTMASTER, soft

REPORTS = [
    (
        "Zoho",
        "From: mailer-daemon@mail.zoho.com\nSubject: Undelivered Mail Returned to Sender",
        """
        This message was created automatically by mail delivery software.
        A message that you sent could not be delivered to one or more of its recipients. This is a permanent error.

        ann@x.test Invalid Address, ERROR_CODE :550, ERROR_CODE :5.1.1 <ann@x.test>... User Unknown


        """,
        {ANN: HARD},
    ),
    (
        "GMX and 1&1",
        "From: MAILER-DAEMON@mail.gmx.test\nSubject: Mail delivery failed: returning message to sender",
        """
        This message was created automatically by mail delivery software.

        A message that you sent could not be delivered to one or more of
        its recipients. This is a permanent error. The following address
        failed:

        "ann@x.test":
        SMTP error from remote server after RCPT command:
        host: mx.x.test
        5.1.1 <ann@x.test>... User Unknown
        "bob@y.test":
        delivery retry timeout exceeded

        --- The header of the original message is following. ---
        """,
        {ANN: HARD, BOB: soft("expired")},
    ),
    (
        "DragonFly",
        "From: MAILER-DAEMON <>\nSubject: Mail delivery failed",
        """
        This is the DragonFly Mail Agent v0.13 at df.relay.test.

        There was an error delivering your mail to <ann@x.test>.

        mx.x.test [192.0.2.25] did not like our RCPT TO:
        550 No such user here

        Message headers follow.
        """,
        {ANN: HARD},
    ),
    (
        "DragonFly, no such host",
        "From: MAILER-DAEMON <>\nSubject: Mail delivery failed",
        """
        This is the DragonFly Mail Agent v0.13 at df.relay.test.

        There was an error delivering your mail to <ann@x.test>.

        DNS lookup failure: host x.test not found

        Original message follows.
        """,
        {ANN: HARD},
    ),
    (
        "OpenSMTPD",
        "From: Mailer Daemon <MAILER-DAEMON@relay.test>\nSubject: Delivery status notification: error",
        """
            Hi!

            This is the MAILER-DAEMON, please DO NOT REPLY to this e-mail.

            An error has occurred while attempting to deliver a message for
            the following list of recipients:

        ann@x.test: 550 5.1.1 User unknown
        bob@y.test: 552 5.3.4 Message too big

            Below is a copy of the original message:
        """,
        {ANN: HARD, BOB: soft("size")},
    ),
    (
        "hMailServer",
        "From: mailer-daemon@relay.test\nSubject: Message undeliverable: Your autumn",
        """
        Your message did not reach some or all of the intended recipients.

           Sent: Mon, 2 Nov 2026 10:00:00 +0100
           Subject: Your autumn

        The following recipient(s) could not be reached:

        ann@x.test
           Error Type: SMTP
           Remote server (192.0.2.7) issued an error.
           hMailServer sent: RCPT TO:<ann@x.test>
           Remote server replied: 550 Unknown user

        hMailServer
        ...
        """,
        {ANN: HARD},
    ),
    (
        "MailEnable",
        'From: "Delivery Subsystem" <POSTMASTER@relay.test>\nSubject: Message Delivery Failure',
        """
        MailEnable: Message could not be delivered to some recipients.
        The following recipient(s) could not be reached:

                Recipient: [SMTP:ann@x.test]
                Reason: Remote SMTP Server Returned: 550 5.1.1 mailbox unavailable

        Message headers follow:
        """,
        {ANN: HARD},
    ),
    (
        "IMail",
        'From: "Postmaster" <postmaster@relay.test>\nSubject: Undeliverable Mail',
        """
        User mailbox exceeds allowed size: ann@x.test


        Original message follows.
        """,
        {ANN: soft("mailbox_full")},
    ),
    (
        "IMail, unknown",
        'From: "Postmaster" <postmaster@relay.test>\nSubject: Undeliverable Mail',
        """
        Unknown user: ann@x.test

        RCPT TO generated following response:
        550 5.1.1 unknown

        Original message follows.
        """,
        {ANN: HARD},
    ),
    (
        "MailMarshal: what happened comes before whom",
        f'{POSTMASTER}\nSubject: Undeliverable Mail: "Your autumn"',
        """
        Your message:
           From:    shop@crm.test
           Subject: Your autumn

        Could not be delivered because of

        550 5.1.1 User unknown

        The following recipients were affected:
            ann@x.test

        Additional Information
        ======================
        Original Sender:    <shop@crm.test>
        Remote-MTA:         <192.0.2.7>
        ...
        """,
        {ANN: HARD},
    ),
    (
        "Biglobe",
        f"{POSTMASTER}\nSubject: Returned Mail",
        """
           ----- The following addresses had delivery problems -----
        ann@x.test

           ----- Non-delivered information -----
        The number of messages in recipient's mailbox exceeded the local limit.

        """,
        {ANN: soft("mailbox_full")},
    ),
    (
        "SurfControl",
        f"{POSTMASTER}\nSubject: Mail delivery failure",
        """
        Your message could not be sent.
        A transcript of the attempts to send the message follows.
        The number of attempts made: 1
        Addressed To: ann@x.test

        Mon, 2 Nov 2026 10:00:03 +0100
        Failed to send to identified host,
        ann@x.test: [192.0.2.7], 554 5.7.1 Relay access denied

        --- Message non-deliverable.
        ...
        """,
        {ANN: soft("policy")},
    ),
    (
        "InterScan",
        f"{POSTMASTER}\nSubject: Mail could not be delivered",
        """
        ****** Message from InterScan Messaging Security Suite ******

        Sent >>> RCPT TO:<ann@x.test>
        Received <<< 550 5.1.1 <ann@x.test>... user unknown

        Unable to deliver message to <ann@x.test>.

        ************************     End of message     **********************
        ...
        """,
        {ANN: HARD},
    ),
    (
        "MXLogic",
        f"{DAEMON}\nSubject: Mail delivery failed",
        """
        This message was created automatically by mail delivery software.

        A message that you have sent could not be delivered to one or more
        recipients.  This is a permanent error.  The following address failed:

          <ann@x.test>: 550 5.1.1 unknown user

        Included is a copy of the message header:
        -----------------------------------------
        """,
        {ANN: HARD},
    ),
    (
        "MessageLabs",
        f"{DAEMON}\nSubject: Mail System Error - Undelivered Mail",
        """
        This is the mail delivery agent at messagelabs.test.

        I was unable to deliver your message to the following addresses:

        ann@x.test

        Reason: 552 5.2.2 mailbox full

        The message subject was: Your autumn
        ...
        """,
        {ANN: soft("mailbox_full")},
    ),
    (
        "a mobile carrier",
        "From: no-reply@relay.test\nReturn-Path: <>\nSubject: Mail",
        """
        Your mail sent on: Mon, 2 Nov 2026 10:00:00 +0100
             Could not be delivered to: <ann@x.test>
             As their mailbox is full.
        """,
        {ANN: soft("mailbox_full")},
    ),
    (
        "a mobile carrier, whom only the message tells",
        "From: MMSC NDR Administrator <sysadmin@mms.relay.test>\nReturn-Path: <>\nSubject: Undeliverable Message",
        """
        Message could not be delivered to mobile.
        Error: No valid recipients for this MM


        Original Message:
        """,
        {ANN: HARD},
    ),
    (
        "WorkMail: the fields in the text",
        "From: MAILER-DAEMON@amazonses.com\nSubject: Delivery Status Notification (Failure)",
        """
        An error occurred while trying to deliver the mail to the following recipients:
        ann@x.test

        Technical report:

        Reporting-MTA: dsn; a27.relay.test

        Action: failed
        Final-Recipient: rfc822; ann@x.test
        Diagnostic-Code: smtp; 550 5.4.1 Recipient address rejected: Access denied
        Status: 5.4.1

        """,
        {ANN: HARD},
    ),
    (
        "Vade",
        "From: MAILER-DAEMON <mailer-daemon@relay.test>\nSubject: Undeliverable: Your autumn",
        """
        Delivery has failed to these recipients or distribution lists:

        Server "192.0.2.7:25" returned an error:

                * [ann@x.test]: 550 5.7.1 refused by our SPF policy

        Original message details:

                * From: shop@crm.test
                * To: ann@x.test
        ...
        """,
        {ANN: soft("policy")},
    ),
    (
        "Microsoft 365, prose only",
        "From: Microsoft Outlook <MicrosoftExchange329e71ec88ae@corp.test>\nReturn-Path: <>\n"
        "Subject: Undeliverable: Your autumn",
        """
        Delivery has failed to these recipients or groups:

        ann@x.test<mailto:ann@x.test>
        The email address you entered couldn't be found. Please check the recipient's email address and try to
        resend the message.

        Diagnostic information for administrators:

        Generating server: corp.test

        ann@x.test
        Remote Server returned '550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found'

        Original message headers:
        """,
        {ANN: HARD},
    ),
    (
        "Mail.Ru, in two languages",
        f"X-Failed-Recipients: {ANN}\nFrom: mailer-daemon@corp.mail.ru\n"
        "Subject: Ваше сообщение не доставлено. Mail failure.",
        """
        Это письмо создано автоматически сервером Mail.Ru, отвечать на него не нужно.

        К сожалению, Ваше письмо не может быть доставлено одному или нескольким получателям:

          ann@x.test
            SMTP error from remote mail server after RCPT TO:<ann@x.test>:
            host mx.x.test [192.0.2.7]: 550 5.1.1 <ann@x.test>... User Unknown

        Рекомендуем Вам проверить корректность указания адресов получателей.

        ------ This is a copy of the message, including all the headers. ------
        """,
        {ANN: HARD},
    ),
    (
        "Google Groups, which may not exist",
        "X-Failed-Recipients: ann@x.test\nFrom: Mail Delivery Subsystem <mailer-daemon@googlemail.com>\n"
        "Subject: Delivery Status Notification (Failure)",
        """
        Hello shop@crm.test,

        We're writing to let you know that the group you tried to contact (ann) may not exist, or you may not have
        permission to post messages to the group.

        ----- Original message -----
        """,
        {ANN: soft("policy")},
    ),
    (
        "one sentence",
        f"{POSTMASTER}\nSubject: Delivery failure",
        """
        Your message has encountered delivery problems
        to local user ann.
        (Originally addressed to ann@x.test)

        User not known

        Your message reads (in part):
        """,
        {ANN: HARD},
    ),
    (
        "Delivery Report of iPlanet",
        "From: Internet Mail Delivery <postmaster@relay.test>\nSubject: Delivery Notification: Delivery has failed",
        """
        This report relates to a message you sent with the following header fields:

          Message-id: <77.abc@crm.test>
          Date: Mon, 02 Nov 2026 10:00:00 +0100
          From: Shop <shop@crm.test>
          To: ann@x.test
          Subject: Your autumn

        Your message cannot be delivered to the following recipients:

          Recipient address: ann@x.test
          Reason: Server rejected RCPT TO command
          Diagnostic code: smtp;550 5.1.1 unknown or illegal alias
          Remote system: dns;mx.x.test
        ...
        """,
        {ANN: HARD},
    ),
]
