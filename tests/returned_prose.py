"""Reports in prose, each of one family, written anew in its form: what comes back, and the verdict on it.

Rows are (family, fields of the header, text, {address: (kind, permanent, reason)}); the text goes on with what came back
unless it ends in a line of its own with three dots.
"""

SENT = """\
Received: from crm.test by mx.relay.test; Mon, 2 Nov 2026 10:00:00 +0100
Message-ID: <77.abc@crm.test>
From: Shop <shop@crm.test>
To: %s
Subject: Your mailbox is full? Unknown user?
Date: Mon, 2 Nov 2026 10:00:00 +0100

Hello, <nobody@else.test>: user unknown
"""

DAEMON = "From: Mail Delivery System <MAILER-DAEMON@mx.relay.test>"
POSTMASTER = "From: postmaster@relay.test"
HARD, SOFT = ("hard", True, "dead_address"), ("soft", True)


def soft(reason, permanent=True):
    return "soft", permanent, reason


ANN, BOB = "ann@x.test", "bob@y.test"

PROSE = [
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
        "From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>\n"
        "Subject: Delivery Status Notification (Failure)",
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
    (
        "Exchange 5.5 to 2003",
        "From: System Administrator <postmaster@corp.test>\nSubject: Undeliverable: Your autumn",
        """
        Your message

          To:      ann@x.test
          Subject: Your autumn
          Sent:    Mon, 2 Nov 2026 10:00:00 +0100

        did not reach the following recipient(s):

        ann@x.test on Mon, 2 Nov 2026 10:00:03 +0100
            The e-mail account does not exist at the organization this message
            was sent to.  Check the e-mail address, or contact the recipient
            directly to find out the correct address.
            <mail.corp.test #5.1.1>
        ...
        """,
        {ANN: HARD},
    ),
    (
        "Exchange, on X.400 ways",
        "From: System Administrator <postmaster@corp.test>\nSubject: Undeliverable: Your autumn",
        """
        Your message

          To:      somebody
          Subject: Your autumn

        did not reach the following recipient(s):

        c=US;a= ;p=Corp;o=Site;dda:SMTP=ann@x.test; on Mon, 2 Nov 2026 10:00:03 +0100
            The recipient name is not recognized
            MSEXCH:IMS:Corp:Site:MAIL 0 (000C05A6) Unknown Recipient
        ...
        """,
        {ANN: HARD},
    ),
    (
        "Domino",
        "From: Postmaster@corp.test\nSubject: DELIVERY FAILURE: User ann (ann@x.test) not listed in Domino Directory",
        """
        Your message

          Subject: Your autumn

        was not delivered to:

          ann@x.test

        because:

          User ann (ann@x.test) not listed in Domino Directory
        ...
        """,
        {ANN: HARD},
    ),
    (
        "Lotus Notes",
        "From: POSTMASTER@corp.test\nSubject: Undeliverable message",
        """
        ------- Failure Reasons  --------

        User not listed in public Name & Address Book
        ann@x.test

        ------- Returned Message --------
        """,
        {ANN: HARD},
    ),
    (
        "GroupWise",
        "From: Mailer-Daemon@corp.test\nSubject: Message status - undeliverable",
        """
        The message that you sent was undeliverable to the following:
                ann@x.test (user not found)

        Possibly truncated original message follows:
        """,
        {ANN: HARD},
    ),
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
        f"{POSTMASTER}\nSubject: Undeliverable Mail: \"Your autumn\"",
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
        f"X-Failed-Recipients: {ANN}\nFrom: mailer-daemon@corp.mail.ru\nSubject: Ваше сообщение не доставлено. Mail failure.",
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
    (
        "German",
        "From: Postmaster <postmaster@firma.test>\nSubject: Unzustellbar: Ihr Herbst",
        """
        Ihre Nachricht konnte nicht zugestellt werden an:

        ann@x.test
        Der Empfänger wurde nicht gefunden. Postfach unbekannt.
        ...
        """,
        {ANN: HARD},
    ),
    (
        "French",
        "From: Administrateur système <postmaster@societe.test>\nSubject: Non remis : Votre automne",
        """
        Votre message n'a pas pu être remis aux destinataires suivants :

        ann@x.test
        550 5.2.2 La boîte aux lettres du destinataire est pleine
        ...
        """,
        {ANN: soft("mailbox_full")},
    ),
    (
        "Spanish",
        "From: Mail Delivery System <mailer-daemon@empresa.test>\nSubject: No entregado: Su otoño",
        """
        No se pudo entregar el mensaje a los siguientes destinatarios:

        ann@x.test
        550 5.1.1 El usuario no existe
        ...
        """,
        {ANN: HARD},
    ),
    (
        "Italian",
        "From: Mail Delivery System <mailer-daemon@azienda.test>\nSubject: Impossibile recapitare: Il tuo autunno",
        """
        Non è stato possibile recapitare il messaggio ai seguenti destinatari:

        ann@x.test
        550 5.7.1 messaggio rifiutato: mittente in blacklist
        ...
        """,
        {ANN: soft("blocked")},
    ),
    (
        "Portuguese",
        "From: Postmaster <postmaster@empresa.test>\nSubject: Não entregue: Seu outono",
        """
        Não foi possível entregar a mensagem aos seguintes destinatários:

        ann@x.test
        550 5.1.1 usuário desconhecido
        ...
        """,
        {ANN: HARD},
    ),
    (
        "Dutch",
        "From: Mail Delivery System <MAILER-DAEMON@bedrijf.test>\nSubject: Niet bezorgd: Uw herfst",
        """
        Uw bericht kon niet worden bezorgd aan de volgende ontvangers:

        ann@x.test
        550 5.1.1 gebruiker onbekend
        ...
        """,
        {ANN: HARD},
    ),
    (
        "Polish",
        "From: Mail Delivery System <MAILER-DAEMON@firma.test>\nSubject: Niedostarczona: Wasza jesień",
        """
        Nie można dostarczyć wiadomości do następujących odbiorców:

        ann@x.test
        550 5.1.1 Użytkownik nie istnieje
        ...
        """,
        {ANN: HARD},
    ),
    (
        "Russian",
        "From: Mail Delivery System <MAILER-DAEMON@firma.test>\nSubject: Недоставленное сообщение",
        """
        Ваше сообщение не может быть доставлено следующим получателям:

        ann@x.test
        550 5.1.1 Пользователь не найден
        ...
        """,
        {ANN: HARD},
    ),
    (
        "Japanese, in ISO-2022-JP",
        "From: Postmaster@kaisha.test\nSubject: Mail System Error - Returned Mail\n"
        "Content-Type: text/plain; charset=iso-2022-jp",
        """
        次のあて先へのメッセージはエラーのため送信できませんでした。

            Recipient: <ann@x.test>
            >>> RCPT TO:<ann@x.test>
            <<< 550 <ann@x.test>: User unknown
        ...
        """,
        {ANN: HARD},
    ),
    (
        "Chinese",
        "From: PostMaster@gongsi.test\nSubject: 系统退信",
        """
        抱歉，您的邮件被退回来了……
        无法投递到以下收件人：
        ann@x.test
        550 5.1.1 收件人不存在
        ...
        """,
        {ANN: HARD},
    ),
]

# It is still being tried: these say nothing against anybody.
DELAYED = [
    (
        "exim",
        f"Auto-Submitted: auto-replied\n{DAEMON}\nSubject: Warning: message 1abc-DEF delayed 24 hours",
        """
        This message was created automatically by mail delivery software.
        A message that you sent has not yet been delivered to one or more of its
        recipients after more than 24 hours on the queue on mx.relay.test.

        The address to which the message has not yet been delivered is:

          ann@x.test
            Delay reason: SMTP error from remote mail server after RCPT TO:<ann@x.test>:
            450 4.1.1 unknown user

        No action is required on your part. Delivery attempts will continue for
        some time, and this warning may be repeated at intervals if the message
        remains undelivered.
        """,
    ),
    (
        "Gmail",
        "From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>\nSubject: Delivery Status Notification (Delay)",
        """
        This is an automatically generated Delivery Status Notification

        THIS IS A WARNING MESSAGE ONLY.

        YOU DO NOT NEED TO RESEND YOUR MESSAGE.

        Delivery to the following recipient has been delayed:

             ann@x.test

        Message will be retried for 2 more day(s)

        ----- Original message -----
        """,
    ),
    (
        "Postfix",
        f"{DAEMON}\nSubject: Delayed Mail (still being retried)",
        """
        This is the mail system at host mx.relay.test.

        ####################################################################
        # THIS IS A WARNING ONLY.  YOU DO NOT NEED TO RESEND YOUR MESSAGE. #
        ####################################################################

        Your message could not be delivered for more than 4 hour(s).
        It will be retried until it is 5 day(s) old.

        <ann@x.test>: connect to mx.x.test[192.0.2.7]:25: Connection timed out
        """,
    ),
    (
        "sendmail",
        "From: Mail Delivery Subsystem <MAILER-DAEMON@relay.test>\n"
        "Auto-Submitted: auto-generated (warning-timeout)\nSubject: Warning: could not send message for past 4 hours",
        """
            **********************************************
            **      THIS IS A WARNING MESSAGE ONLY      **
            **  YOU DO NOT NEED TO RESEND YOUR MESSAGE  **
            **********************************************

           ----- The following addresses had transient non-fatal errors -----
        <ann@x.test>

           ----- Transcript of session follows -----
        <ann@x.test>... Deferred: Connection refused by mx.x.test.
        Warning: message still undelivered after 4 hours
        Will keep trying until message is 5 days old

           ----- Original message follows -----
        """,
    ),
]
