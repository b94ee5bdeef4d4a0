"""Reports in prose of Exchange, Notes, mail gateways and providers."""

from .returned_mail import ANN, HARD

REPORTS = [
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
]
