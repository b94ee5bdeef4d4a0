"""Reports in prose in the languages that mail systems write in, and delays."""

from .returned_mail import ANN, DAEMON, HARD, soft

REPORTS = [
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
