"""Reports of Microsoft 365 in the languages that it writes in, prose only."""

from .returned_mail import ANN, HARD, soft

REPORTS = [
    (
        "Microsoft 365 in German",
        "From: Microsoft Outlook <postmaster@corp.test>\nSubject: Unzustellbar: X",
        """
        Fehler bei der Nachrichtenzustellung an folgende Empfänger oder Gruppen:

        ann@x.test<mailto:ann@x.test>
        Die eingegebene E-Mail-Adresse konnte nicht gefunden werden.

        Diagnoseinformationen für Administratoren:

        ann@x.test
        Remote Server returned '550 5.1.10 RESOLVER.ADR.RecipientNotFound'
        ...
        """,
        {ANN: HARD},
    ),
    (
        "Microsoft 365 in French",
        "From: Microsoft Outlook <postmaster@corp.test>\nSubject: Non remis : X",
        """
        Échec de la remise pour ces destinataires ou groupes :

        ann@x.test<mailto:ann@x.test>
        La boîte aux lettres du destinataire est pleine et ne peut pas accepter de messages.

        Remote Server returned '554 5.2.2 mailbox full; STOREDRV.Deliver'
        ...
        """,
        {ANN: soft("mailbox_full")},
    ),
    (
        "Microsoft 365 in Spanish",
        "From: Microsoft Outlook <postmaster@corp.test>\nSubject: No se puede entregar: X",
        """
        Error de entrega a estos destinatarios o grupos:

        ann@x.test<mailto:ann@x.test>
        No se encontró la dirección de correo electrónico.

        ann@x.test
        Remote Server returned '550 5.1.10 RESOLVER.ADR.RecipientNotFound'
        ...
        """,
        {ANN: HARD},
    ),
    (
        "Microsoft 365 in Italian",
        "From: Microsoft Outlook <postmaster@corp.test>\nSubject: Non recapitabile: X",
        """
        Recapito non riuscito per i seguenti destinatari o gruppi:

        ann@x.test<mailto:ann@x.test>
        L'indirizzo di posta elettronica immesso non è stato trovato.

        ann@x.test
        Remote Server returned '550 5.1.1 RESOLVER.ADR.RecipNotFound; not found'
        ...
        """,
        {ANN: HARD},
    ),
    (
        "Microsoft 365 in Dutch",
        "From: Microsoft Outlook <postmaster@corp.test>\nSubject: Onbestelbaar: X",
        """
        De bezorging is mislukt voor deze geadresseerden of groepen:

        ann@x.test<mailto:ann@x.test>
        Het e-mailadres is niet gevonden.

        ann@x.test
        Remote Server returned '550 5.1.1 RESOLVER.ADR.RecipNotFound; not found'
        ...
        """,
        {ANN: HARD},
    ),
    (
        "Microsoft 365 in Portuguese",
        "From: Microsoft Outlook <postmaster@corp.test>\nSubject: Não é possível entregar: X",
        """
        Falha na entrega a estes destinatários ou grupos:

        ann@x.test<mailto:ann@x.test>
        O endereço de email não foi encontrado.

        ann@x.test
        Remote Server returned '550 5.1.1 RESOLVER.ADR.RecipNotFound; not found'
        ...
        """,
        {ANN: HARD},
    ),
    (
        "Microsoft 365 in Polish",
        "From: Microsoft Outlook <postmaster@corp.test>\nSubject: Niedostarczone: X",
        """
        Dostarczenie do następujących adresatów lub grup nie powiodło się:

        ann@x.test<mailto:ann@x.test>
        Nie można odnaleźć adresu e-mail.

        ann@x.test
        Remote Server returned '550 5.1.1 RESOLVER.ADR.RecipNotFound; not found'
        ...
        """,
        {ANN: HARD},
    ),
    (
        "Microsoft 365 in Russian",
        "From: Microsoft Outlook <postmaster@corp.test>\nSubject: Не удается доставить: X",
        """
        Не удалось выполнить доставку следующим получателям или группам:

        ann@x.test<mailto:ann@x.test>
        Не удалось найти указанный адрес.

        ann@x.test
        Remote Server returned '550 5.1.1 RESOLVER.ADR.RecipNotFound; not found'
        ...
        """,
        {ANN: HARD},
    ),
    (
        "Microsoft 365 in Japanese",
        "From: Microsoft Outlook <postmaster@corp.test>\nSubject: 配信不能: X",
        """
        以下の受信者またはグループへの配信に失敗しました:

        ann@x.test<mailto:ann@x.test>
        入力された電子メール アドレスが見つかりませんでした。

        ann@x.test
        Remote Server returned '550 5.1.1 RESOLVER.ADR.RecipNotFound; not found'
        ...
        """,
        {ANN: HARD},
    ),
    (
        "Microsoft 365 in Chinese",
        "From: Microsoft Outlook <postmaster@corp.test>\nSubject: 未传递: X",
        """
        未能向以下收件人或通讯组传递邮件:

        ann@x.test<mailto:ann@x.test>
        未找到您输入的电子邮件地址。

        ann@x.test
        Remote Server returned '550 5.1.1 RESOLVER.ADR.RecipNotFound; not found'
        ...
        """,
        {ANN: HARD},
    ),
]
