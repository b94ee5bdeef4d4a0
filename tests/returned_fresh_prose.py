"""Reports in words alone."""

from .returned_fresh import DEAD, FOR_NOW, GONE_SOFT, bare, original, plain

ANN = "ann@there.test"
TO = "To: bounce+0123456789abcdef0123@crm.test\n"

PROSE = [
    (
        "qmail, no mailbox by that name",
        "hard",
        {ANN: DEAD},
        bare(
            f"From: MAILER-DAEMON@there.test\n{TO}Subject: failure notice\nDate: 3 Nov 2026 09:00:05 -0000",
            "Hi. This is the qmail-send program at there.test.\n"
            "I'm afraid I wasn't able to deliver your message to the following addresses.\n"
            "This is a permanent error; I've given up. Sorry it didn't work out.\n\n<ann@there.test>:\n"
            "Sorry, no mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n\n"
            + original(),
        ),
    ),
    (
        "qmail, over quota at a remote host",
        "soft",
        {ANN: GONE_SOFT},
        bare(
            f"From: MAILER-DAEMON@out.test\n{TO}Subject: failure notice",
            "Hi. This is the qmail-send program at out.test.\n"
            "I'm afraid I wasn't able to deliver your message to the following addresses.\n"
            "This is a permanent error; I've given up. Sorry it didn't work out.\n\n<ann@there.test>:\n"
            "192.0.2.1 does not like recipient.\n"
            "Remote host said: 552 5.2.2 This message is larger than the current system limit or the"
            " recipient's mailbox"
            " is full.\nGiving up on 192.0.2.1.\n\n--- Below this line is a copy of the message.\n\n" + original(),
        ),
    ),
    (
        "qmail, gave up after a week",
        "soft",
        {ANN: (False, "soft")},
        bare(
            f"From: MAILER-DAEMON@out.test\n{TO}Subject: failure notice",
            "Hi. This is the qmail-send program at out.test.\n"
            "I'm afraid I wasn't able to deliver your message to the following addresses.\n"
            "This is a permanent error; I've given up. Sorry it didn't work out.\n\n<ann@there.test>:\n"
            "CNAME lookup failed temporarily. (#4.4.3)\nI'm not going to try again; this message has been in the queue"
            " too long.\n\n--- Below this line is a copy of the message.\n\n" + original(),
        ),
    ),
    (
        "exim, two addresses, one of them unrouteable",
        "hard",
        {ANN: DEAD, "bob@nowhere.test": DEAD},
        plain(
            "From: Mail Delivery System <Mailer-Daemon@out.test>\nX-Failed-Recipients: ann@there.test,\n"
            " bob@nowhere.test\n"
            f"Auto-Submitted: auto-replied\n{TO}Subject: Mail delivery failed: returning message to sender",
            "This message was created automatically by mail delivery software.\n\n"
            "A message that you sent could not be delivered to one or more of its\n"
            "recipients. This is a permanent error. The following address(es) failed:\n\n"
            "  ann@there.test\n    SMTP error from remote mail server after RCPT TO:<ann@there.test>:\n"
            "    host mx.there.test [192.0.2.1]: 550 5.1.1 <ann@there.test>:\n"
            "    Recipient address rejected: User unknown in relay recipient table\n"
            "  bob@nowhere.test\n    all relevant MX records point to non-existent hosts\n\n"
            "------ This is a copy of the message, including all the headers. ------\n\n" + original(),
        ),
    ),
    (
        "exim, delayed for a day",
        "soft",
        {ANN: FOR_NOW},
        plain(
            "From: Mail Delivery System <Mailer-Daemon@out.test>\nAuto-Submitted: auto-replied\n"
            f"{TO}Subject: Warning: message 1abcDE-0001 delayed 24 hours",
            "This message was created automatically by mail delivery software.\n"
            "A message that you sent has not yet been delivered to one or more of its\n"
            "recipients after more than 24 hours on the queue on out.test.\n\n"
            "The message identifier is:     1abcDE-0001\nThe subject of the message is: Open house\n\n"
            "The address to which the message has not yet been delivered is:\n\n  ann@there.test\n"
            "    Delay reason: connection refused\n\n"
            "No action is required on your part. Delivery attempts will continue for\n"
            "some time, and this warning may be repeated at intervals if the message\n"
            "remains undelivered.",
        ),
    ),
    (
        "exim in German by a provider",
        "hard",
        {ANN: DEAD},
        plain(
            f"From: Mail Delivery System <mailer-daemon@kundenserver.test>\n{TO}"
            "Subject: Mail delivery failed: returning message to sender",
            "Diese Nachricht wurde automatisch von der Mailsoftware erzeugt.\n\n"
            "Die folgende Adresse ist fehlgeschlagen; Ihre Nachricht konnte nicht zugestellt werden:\n\n"
            "ann@there.test:\n\nSMTP error from remote server for RCPT TO command, host: mx.there.test (192.0.2.1)"
            " reason: 550 5.1.1 <ann@there.test>: Recipient address rejected: User unknown\n\n"
            "--- The header of the original message is following. ---\n\n" + original(),
        ),
    ),
    (
        "sendmail 8.8 without a report",
        "hard",
        {ANN: DEAD},
        bare(
            f"From: Mail Delivery Subsystem <MAILER-DAEMON@there.test>\n{TO}Subject: Returned mail: User unknown",
            "The original message was received at Tue, 3 Nov 2026 09:00:00 GMT\nfrom crm.test [192.0.2.10]\n\n"
            "   ----- The following addresses had permanent fatal errors -----\n<ann@there.test>\n\n"
            "   ----- Transcript of session follows -----\n... while talking to mx.there.test.:\n"
            ">>> RCPT To:<ann@there.test>\n<<< 550 <ann@there.test>... User unknown\n"
            "550 <ann@there.test>... User unknown\n\n   ----- Original message follows -----\n\n" + original(),
        ),
    ),
    (
        "Domino, user not listed in the directory",
        "hard",
        {ANN: DEAD},
        plain(
            f"From: Postmaster@there.test\n{TO}Subject: DELIVERY FAILURE: User ann (ann@there.test) not listed"
            f" in Domino"
            " Directory",
            "Your message\n\n  Subject: Open house\n\nwas not delivered to:\n\n  ann@there.test\n\nbecause:\n\n"
            "  User ann (ann@there.test) not listed in Domino Directory",
        ),
    ),
    (
        "Exchange 2003, the account doesn't exist at the organization",
        "hard",
        {ANN: DEAD},
        plain(
            f"From: System Administrator <postmaster@there.test>\n{TO}Subject: Undeliverable: Open house",
            "Your message\n\n  To:      ann@there.test\n  Subject: Open house\n  Sent:    Tue, 3 Nov 2026"
            " 09:00:00 +0000\n\n"
            "did not reach the following recipient(s):\n\nann@there.test on Tue, 3 Nov 2026 09:00:02 +0000\n"
            "    The e-mail account does not exist at the organization this message was sent to.  Check the e-mail"
            " address, or contact the recipient directly to find out the correct address.\n"
            "    <mail.there.test #5.1.1>",
        ),
    ),
    (
        "Gmail of old, in words",
        "hard",
        {ANN: DEAD},
        plain(
            f"From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>\n{TO}X-Failed-Recipients: ann@there.test\n"
            "Subject: Delivery Status Notification (Failure)",
            "Delivery to the following recipient failed permanently:\n\n     ann@there.test\n\n"
            "Technical details of permanent failure:\nGoogle tried to deliver your message, but it was rejected by the"
            " server for the recipient domain there.test by mx.there.test. [192.0.2.1].\n\n"
            "The error that the other server returned was:\n550 5.1.1 <ann@there.test>: Recipient address rejected:"
            " User unknown in local recipient table\n\n----- Original message -----\n\n" + original(),
        ),
    ),
    (
        "Yahoo, failure notice of the mailbox being disabled",
        "soft",
        {ANN: GONE_SOFT},
        plain(
            f"From: MAILER-DAEMON@mta.yahoo.test\n{TO}Subject: Failure Notice",
            "Sorry, we were unable to deliver your message to the following address.\n\n<ann@there.test>:\n"
            "Remote host said:\n552 1 Requested mail action aborted, mailbox full\n[TEXT]\n\n"
            "--- Below this line is a copy of the message.\n\n" + original(),
        ),
    ),
    (
        "French provider",
        "hard",
        {ANN: DEAD},
        plain(
            f"From: Administrateur du courrier <postmaster@there.test>\n{TO}Subject: Échec de la remise de"
            f" votre message",
            "Votre message n'a pas pu être remis au destinataire suivant :\n\n<ann@there.test>\n\n"
            "550 5.1.1 Adresse d'au moins un destinataire invalide. Utilisateur inconnu.\n\n"
            "------ Message d'origine ------\n\n" + original(),
        ),
    ),
    (
        "Spanish, mailbox full",
        "soft",
        {ANN: GONE_SOFT},
        plain(
            f"From: Sistema de correo <mailer-daemon@there.test>\n{TO}Subject: Correo devuelto",
            "No se pudo entregar su mensaje a los siguientes destinatarios:\n\n<ann@there.test>\n"
            "    552 5.2.2 El buzón del destinatario está lleno\n",
        ),
    ),
    (
        "Italian, no such user",
        "hard",
        {ANN: DEAD},
        plain(
            f"From: Mail Delivery System <MAILER-DAEMON@there.test>\n{TO}Subject: Mancata consegna del messaggio",
            "Il messaggio non è stato recapitato ai seguenti destinatari:\n\n  ann@there.test\n"
            "    550 5.1.1 Utente sconosciuto\n",
        ),
    ),
    (
        "Japanese",
        "hard",
        {ANN: DEAD},
        plain(
            f"From: MAILER-DAEMON@there.test\n{TO}Subject: Undelivered Mail\nX-Failed-Recipients: ann@there.test",
            "次の宛先にメールを配信できませんでした。\n\n<ann@there.test>:\n    550 5.1.1 <ann@there.test>: "
            "Recipient address rejected: User unknown in virtual mailbox table\n",
            "iso-2022-jp",
            "7bit",
        ),
    ),
    (
        "Polish",
        "hard",
        {ANN: DEAD},
        plain(
            f"From: Mail Delivery Subsystem <mailer-daemon@there.test>\n{TO}Subject: Niedostarczona wiadomość",
            "Nie można dostarczyć wiadomości do następującego odbiorcy:\n\n  ann@there.test\n\n"
            "550 5.1.1 Nie ma takiego użytkownika (user unknown)\n",
        ),
    ),
    (
        "a carrier's phone that is switched off for good",
        "hard",
        {ANN: DEAD},
        plain(
            f"From: Mail System Administrator <postmaster@there.test>\n{TO}Subject: Mail System Error - Returned Mail",
            "This Message was undeliverable due to the following reason:\n\nThe user(s) account is not found.\n"
            "Each of the following recipients was rejected by a remote mail server.\n\n"
            "Recipient: <ann@there.test>\nReason: 5.1.1 <ann@there.test>... User unknown\n\n"
            "Please reply to <postmaster@there.test> if you feel this message to be in error.\n",
        ),
    ),
    (
        "a reputation block in words",
        "soft",
        {ANN: GONE_SOFT},
        plain(
            f"From: Mail Delivery System <Mailer-Daemon@out.test>\nX-Failed-Recipients: ann@there.test\n{TO}"
            "Subject: Mail delivery failed: returning message to sender",
            "A message that you sent could not be delivered to one or more of its\n"
            "recipients. This is a permanent error. The following address(es) failed:\n\n  ann@there.test\n"
            "    host mx.there.test [192.0.2.1]\n    SMTP error from remote mail server after initial connection:\n"
            "    554 5.7.1 Service unavailable; Client host [192.0.2.10] blocked using zen.dnsbl.test\n",
        ),
    ),
    (
        "MDaemon",
        "hard",
        {ANN: DEAD},
        plain(
            f"From: MDaemon at there.test <MDaemon@there.test>\n{TO}Subject: Permanent Delivery Failure",
            "The following data may contain sections which represent SMTP protocol\ntranscripts.\n\n"
            "The attached message had PERMANENT fatal delivery errors!\n\n"
            "After one or more unsuccessful delivery attempts the attached message has\n"
            "been removed from the mail queue on this server.\n\n"
            "Failed address: ann@there.test\n\n--- Session Transcript ---\n"
            " Tue 2026-11-03 09:00:01: --> RCPT To:<ann@there.test>\n"
            " Tue 2026-11-03 09:00:01: <-- 550 <ann@there.test>, Recipient unknown\n--- End Transcript ---\n",
        ),
    ),
    (
        "OpenSMTPD",
        "hard",
        {ANN: DEAD},
        plain(
            f"From: Mailer Daemon <MAILER-DAEMON@out.test>\n{TO}Subject: Delivery status notification: error\n"
            "Auto-Submitted: auto-replied",
            "    Hi!\n\n    This is the MAILER-DAEMON, please DO NOT REPLY to this email.\n\n"
            "    An error has occurred while attempting to deliver a message for\n    the following list of"
            " recipients:\n\n"
            "ann@there.test: 550 5.1.1 <ann@there.test>: Recipient address rejected: User unknown\n\n"
            "    Below is a copy of the original message:\n\n" + original(),
        ),
    ),
]
