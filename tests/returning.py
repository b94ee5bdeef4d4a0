"""Messages that come back, made by hand."""


def report(
    to, returned="", status="5.1.1", address="person1@good.example", message_id="report@mx.good.example", more=""
):
    """Give the octets of a delivery report (RFC 3464) on `address`, with the fields `returned` of the email."""
    return (
        "From: Mail Delivery System <MAILER-DAEMON@mx.good.example>\r\n"
        f"To: {to}\r\nSubject: Undelivered Mail Returned to Sender\r\nMessage-ID: <{message_id}>\r\n{more}"
        "MIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="B"\r\n\r\n'
        "--B\r\nContent-Type: text/plain\r\n\r\nThis is the mail system.\r\n\r\n"
        "--B\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.good.example\r\n\r\n"
        f"Final-Recipient: rfc822; {address}\r\nAction: failed\r\nStatus: {status}\r\n"
        f"Diagnostic-Code: smtp; 550 {status} as they said\r\n\r\n"
        f"--B\r\nContent-Type: text/rfc822-headers\r\n\r\n{returned}Subject: Spring is here\r\n\r\n--B--\r\n"
    ).encode()


def answer(
    to="sally@crm.example",
    answers="",
    sender="Person 1 <person1@good.example>",
    message_id="<answer1@good.example>",
    body="Forty, please.",
    more="",
):
    """Give the octets of what a person writes, `answers` being the Message-ID that it answers."""
    thread = f"In-Reply-To: {answers}\r\nReferences: {answers}\r\n" if answers else ""
    named = f"Message-ID: {message_id}\r\n" if message_id else ""
    return (
        f"From: {sender}\r\nTo: {to}\r\nSubject: Re: Spring is here\r\n{named}{thread}{more}\r\n{body}\r\n"
    ).encode()
