"""Events as the services document them, written anew from their lists of fields; and calls, signed with real keys.

Each function of a service gives one event about the mail `message_id` to `email`.
"""

import base64
import hashlib
import hmac
import json
import uuid
from datetime import datetime, timedelta, timezone
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

USER_UNKNOWN = "550 5.1.1 <x@y.example>: Recipient address rejected: User unknown in virtual mailbox table"
MAILBOX_FULL = "552 5.2.2 The email account that you tried to reach is over quota"
BLOCKED = "554 5.7.1 Service unavailable; Client host [192.0.2.9] blocked using zen.spamhaus.org"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:email-events"
CERTIFICATE_URL = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem"
SUBSCRIBE_URL = f"https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=2336412f37"


def now():
    return datetime.now(timezone.utc).replace(microsecond=0)


def seconds():
    return int(now().timestamp())


def iso(moment=None):
    return (moment or now()).strftime("%Y-%m-%dT%H:%M:%S.123Z")


# SendGrid: a list of flat events.


def sendgrid(event, email, message_id="", argument="", **more):
    found = {
        "email": email,
        "timestamp": seconds(),
        "event": event,
        "sg_event_id": base64.urlsafe_b64encode(uuid.uuid4().bytes).decode(),
        "sg_message_id": "14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0",
        "category": ["newsletter"],
        **more,
    }
    if message_id:
        found["smtp-id"] = message_id
    if argument:
        found["email_campaign"] = argument
    return found


# Mailgun: one event, nested; its signature is made by `mailgun_call`.


def mailgun(event, email, message_id="", code=None, message="", **more):
    found = {
        "event": event,
        "id": base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("="),
        "timestamp": now().timestamp() + 0.25,
        "log-level": "info",
        "recipient": email,
        "recipient-domain": email.rpartition("@")[2],
        "tags": [],
        "user-variables": {},
        "flags": {"is-routed": False, "is-authenticated": True, "is-system-test": False, "is-test-mode": False},
        "envelope": {"transport": "smtp", "sender": "news@crm.example", "targets": email},
        "message": {
            "headers": {
                "to": email,
                "from": "news@crm.example",
                "subject": "Spring",
                "message-id": message_id.strip("<>"),
            },
            "attachments": [],
            "size": 4711,
        },
        **more,
    }
    if code:
        found["delivery-status"] = {
            "code": code,
            "message": message,
            "description": "",
            "attempt-no": 1,
            "session-seconds": 0.4,
            "mx-host": "mx.y.example",
        }
    return found


# Postmark: one flat event, with our token among the metadata.


def postmark(record, email, token="", **more):
    found = {
        "RecordType": record,
        "MessageID": str(uuid.uuid4()),
        "MessageStream": "broadcast",
        "ServerID": 23,
        "Tag": "",
        "Metadata": {"email-campaign": token} if token else {},
        **more,
    }
    if record in ("Bounce", "SpamComplaint"):
        found |= {
            "ID": uuid.uuid4().int % 10**10,
            "Email": email,
            "From": "news@crm.example",
            "BouncedAt": f"{now():%Y-%m-%dT%H:%M:%S}.9070259Z",
            "DumpAvailable": True,
            "Inactive": True,
            "CanActivate": True,
            "Subject": "Spring",
        }
    elif record == "SubscriptionChange":
        found |= {"Recipient": email, "ChangedAt": iso()}
    else:
        found |= {"Recipient": email, "DeliveredAt" if record == "Delivery" else "ReceivedAt": iso()}
    return found


# Brevo: one flat event; its message-id is its own, ours stands in the custom header.


def brevo(event, email, token="", reason="", **more):
    found = {
        "event": event,
        "email": email,
        "id": 26224,
        "date": f"{now() + timedelta(hours=2):%Y-%m-%d %H:%M:%S}",
        "ts": seconds() + 7200,
        "ts_event": seconds(),
        "ts_epoch": seconds() * 1000 + 604,
        "message-id": f"<{uuid.uuid4().hex[:12]}.{uuid.uuid4().int % 10**11}@smtp-relay.mailin.fr>",
        "subject": "Spring",
        "sending_ip": "192.0.2.77",
        **more,
    }
    if token:
        found["X-Mailin-custom"] = f"email_campaign:{token}"
    if reason:
        found["reason"] = reason
    return found


# SES: an event as text in a message of SNS.


def ses(kind, email, message_id="", source="news@crm.example", type_field="notificationType", **about):
    mail = {
        "timestamp": iso(),
        "source": source,
        "sourceArn": "arn:aws:ses:eu-west-1:123456789012:identity/crm.example",
        "sendingAccountId": "123456789012",
        "messageId": f"0102{uuid.uuid4().hex[:24]}-000000",
        "destination": [email],
    }
    if message_id:
        mail["headersTruncated"] = False
        mail["headers"] = [{"name": "Message-ID", "value": message_id}, {"name": "To", "value": email}]
        mail["commonHeaders"] = {"from": ["news@crm.example"], "to": [email], "messageId": message_id}
    return {type_field: kind, "mail": mail, **about}


def ses_bounce(email, message_id="", kind="Permanent", part="General", diagnostic="", status="", **more):
    person = {"emailAddress": email}
    if diagnostic:
        person |= {"action": "failed", "status": status or "5.1.1", "diagnosticCode": f"smtp; {diagnostic}"}
    bounce = {
        "bounceType": kind,
        "bounceSubType": part,
        "bouncedRecipients": [person],
        "timestamp": iso(),
        "feedbackId": f"0102{uuid.uuid4().hex[:24]}-000000",
        "remoteMtaIp": "192.0.2.10",
        "reportingMTA": "dsn; a1-23.smtp-out.eu-west-1.amazonses.com",
    }
    return ses("Bounce", email, message_id, bounce=bounce, **more)


def ses_complaint(email, message_id="", feedback="abuse", part=None):
    complaint = {
        "complainedRecipients": [{"emailAddress": email}],
        "timestamp": iso(),
        "feedbackId": f"0102{uuid.uuid4().hex[:24]}-000000",
        "complaintSubType": part,
        "userAgent": "ExampleCorp Feedback Loop (V0.01)",
        "arrivalDate": iso(),
    }
    if feedback:
        complaint["complaintFeedbackType"] = feedback
    return ses("Complaint", email, message_id, complaint=complaint)


def ses_delivery(email, message_id="", **more):
    delivery = {
        "timestamp": iso(),
        "processingTimeMillis": 546,
        "recipients": [email],
        "smtpResponse": "250 2.0.0 OK",
        "reportingMTA": "a1-23.smtp-out.eu-west-1.amazonses.com",
        "remoteMtaIp": "192.0.2.10",
    }
    return ses("Delivery", email, message_id, delivery=delivery, **more)


def ses_delay(email, message_id="", why="MailboxFull"):
    delay = {
        "timestamp": iso(),
        "delayType": why,
        "expirationTime": iso(now() + timedelta(hours=12)),
        "delayedRecipients": [{"emailAddress": email, "status": "4.2.2", "diagnosticCode": "smtp; 452 4.2.2 full"}],
    }
    return ses("DeliveryDelay", email, message_id, type_field="eventType", deliveryDelay=delay)


def ses_unsubscribed(email, message_id=""):
    told = {
        "contactList": "news",
        "timestamp": iso(),
        "source": "UnsubscribeHeader",
        "newTopicPreferences": {"unsubscribeAll": True, "topicSubscriptionStatus": []},
        "oldTopicPreferences": {"unsubscribeAll": False, "topicSubscriptionStatus": []},
    }
    return ses("Subscription", email, message_id, type_field="eventType", subscription=told)


# Calls: (body, headers).


def body(data):
    return json.dumps(data).encode()


@cache
def sendgrid_key():
    return ec.generate_private_key(ec.SECP256R1())


def public(key):
    """Give the public half as SendGrid shows it: DER in base64."""
    form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(key.public_key().public_bytes(*form)).decode()


def sendgrid_call(events, key=None, timestamp=None):
    told, stamp = body(events), str(timestamp or seconds())
    signature = (key or sendgrid_key()).sign(stamp.encode() + told, ec.ECDSA(hashes.SHA256()))
    return told, {
        "x-twilio-email-event-webhook-signature": base64.b64encode(signature).decode(),
        "x-twilio-email-event-webhook-timestamp": stamp,
    }


MAILGUN_KEY = "key-3ax6xnjp29jd6fds4gc373sgvjxteol0"


def mailgun_call(event, key=MAILGUN_KEY, timestamp=None, token=None):
    stamp, token = str(timestamp or seconds()), token or uuid.uuid4().hex + uuid.uuid4().hex[:18]
    signature = hmac.new(key.encode(), f"{stamp}{token}".encode(), hashlib.sha256).hexdigest()
    return body({"signature": {"timestamp": stamp, "token": token, "signature": signature}, "event-data": event}), {}


def login_call(event, password, login="odoo"):
    proof = base64.b64encode(f"{login}:{password}".encode()).decode()
    return body(event), {"authorization": f"Basic {proof}"}


@cache
def sns_key():
    return rsa.generate_private_key(65537, 2048)


@cache
def sns_certificate(key=None, begin=datetime(2020, 1, 1), days=36_500):
    """Give a certificate (PEM) like the one that Amazon serves."""
    key = key or sns_key()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sns.amazonaws.com")])
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), begin)
    signed = made.not_valid_after(begin + timedelta(days=days)).sign(key, hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM)


def sns_sign(message, key=None):
    names = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
    if message["Type"] != "Notification":
        names = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
    text = "".join(f"{name}\n{message[name]}\n" for name in names if name in message)
    hashed = hashes.SHA256() if message["SignatureVersion"] == "2" else hashes.SHA1()
    message["Signature"] = base64.b64encode((key or sns_key()).sign(text.encode(), padding.PKCS1v15(), hashed)).decode()
    return message


def sns(event, version="2", topic=TOPIC, key=None, moment=None, **more):
    message = {
        "Type": "Notification",
        "MessageId": str(uuid.uuid4()),
        "TopicArn": topic,
        "Message": event if isinstance(event, str) else json.dumps(event),
        "Timestamp": iso(moment),
        "SignatureVersion": version,
        "SigningCertURL": CERTIFICATE_URL,
        "UnsubscribeURL": "https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe",
        **more,
    }
    return sns_sign(message, key)


def sns_confirmation(topic=TOPIC, url=SUBSCRIBE_URL, version="1", key=None):
    message = {
        "Type": "SubscriptionConfirmation",
        "MessageId": str(uuid.uuid4()),
        "Token": "2336412f37",
        "TopicArn": topic,
        "Message": f"You have chosen to subscribe to the topic {topic}.",
        "SubscribeURL": url,
        "Timestamp": iso(),
        "SignatureVersion": version,
        "SigningCertURL": CERTIFICATE_URL,
    }
    return sns_sign(message, key)
