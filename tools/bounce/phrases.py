"""What mail systems write to people when they report, in the languages that they write in.

Matched without regard to case. The words are those of a report as such; why it failed is for `reasons`.
"""

from __future__ import annotations

import re

# Somebody did not get our message. `texts` looks for addresses from there on.
_FAILED = (
    # English
    r"(?:could|can|was|were|has|have|did|is|are)(?: ?not|n't) (?:be |been |yet been |able to be )?"
    r"(?:deliver|sen[dt]\b|reach|receive|relay)",
    r"(?:could|can|did|was|were|am|are|is|been|be)(?: ?not|n't) (?:able|possible) to (?:be )?"
    r"(?:deliver|send|reach|relay)",
    r"(?:unable|failed|trouble|impossible|problem|attempting|trying|tried) (?:to )?(?:deliver|send|relay)",
    r"\bnot (?:be |been )?(?:delivered|able to deliver)|undeliver(?:able|ed)|non-?delivery",
    r"deliver(?:y|ing)\b.{0,50}\b(?:fail(?:ed|ure)|error|problem|rejected|impossible|aborted)",
    r"fail(?:ed|ure) .{0,20}deliver",
    r"delevery to the following|failed permanently|permanent(?: fatal)? (?:delivery )?errors?",
    r"returned (?:permanent )?errors?",
    r"the following (?:address|recipient|user|mail ?box)(?:\(?e?s\)?)?\b.{0,60}"
    r"(?:fail|reject|invalid|unknown|had|not|error|refus)",
    r"(?:failed|failure) (?:recipient|reason|address)|error during delivery",
    r"errors? (?:occurred|while) .{0,40}(?:deliver|send)|error delivering",
    r"rejected by (?:a|the) remote|(?:had|with) (?:permanent )?(?:fatal|delivery) (?:errors|problems)",
    r"mail ?box exceeds|transcript of session follows",
    r"(?:message|mail) (?:has been |was )?(?:returned|rejected|bounced)|did not like our",
    r"not listed in .{0,30}directory",
    r"no valid recipients|invalid (?:user address|final delivery userid)|(?:unknown|invalid) user\b",
    r"user'?s mail ?box is full",
    r"caused the following errors|(?:wasn't|weren't) delivered|is a permanent (?:error|failure)|could not be sent",
    r"may not exist, or you may not have permission|address (?:couldn't|could not) be found|rejected your message",
    r"(?:message|mail|email) to .{0,80} (?:has been|was) (?:blocked|rejected)|message (?:blocked|rejected)",
    # German
    r"nicht (?:zugestellt|ausgeliefert|übermittelt|zustellbar|gesendet)|unzustellbar",
    r"zustellung .{0,40}(?:fehl|nicht|gescheitert)",
    r"nicht (?:alle )?erreicht|fehler bei der .{0,20}zustellung|zustellung an",
    # French
    r"(?:n['’]a|n['’]ont|ne) (?:pas )?(?:pu|peut|pas pu) (?:pas )?être (?:remis|distribu|livr|transmis|envoy|achemin)",
    r"non[- ](?:remis|distribu)",
    r"échec de (?:la )?(?:remise|distribution|livraison)|impossible de (?:remettre|livrer|distribuer)",
    r"n['’]a pas été (?:remis|distribu)",
    # Spanish
    r"no (?:se )?(?:pudo|pudieron|puede|ha podido|han podido|ha sido posible)(?: ser)? ?(?:entrega|enviar|entregar)",
    r"no entregado",
    r"(?:error|fallo) (?:en la|de la|de|al) entreg|no se ha entregado|imposible entregar",
    r"no pudo ser (?:entregado|enviado)",
    # Italian
    r"(?:impossibile|non è stato possibile) (?:recapitare|consegnare|inviare)",
    r"recapito .{0,30}(?:non riuscito|fallito)|mancat[oa] (?:recapito|consegna)",
    r"non (?:è stat[oa]|può essere) (?:recapitat|consegnat)",
    # Portuguese
    r"não (?:pôde|pode|foi possível|foi) (?:ser )?(?:entreg|envia)|falha na entrega|nao pode ser (?:entregue|enviada)",
    r"não entregue",
    # Dutch
    r"(?:kon|kan|is|zijn|konden)\b.{0,30} niet (?:worden )?(?:bezorgd|afgeleverd|verzonden|bezorgen)|niet-?bezorg",
    r"onbestelbaar",
    r"niet (?:bezorgd|afgeleverd)",
    r"bezorg(?:ing|en)\b.{0,40}(?:mislukt|niet gelukt)",
    # Polish
    r"nie (?:można|udało się|mogła|mogło|została?|zostały) (?:było )?(?:zostać )?(?:dostarcz|doręcz)|niedostarcz",
    r"niedoręcz",
    r"dostarczenie .{0,60}nie powiodło",
    # Russian
    r"не (?:может|могло|может|было|удалось|удаётся|удается)(?: быть)? (?:доставл|доставить|отправ)|недоставл",
    r"не доставл",
    r"не удалось выполнить доставку",
    # Swedish, Danish, Norwegian, Finnish, Czech, Hungarian, Turkish
    r"(?:kunde|kunne|kan|har) (?:inte|ikke) (?:levereras|leveres|blitt levert|sändas|sendes)|ej levererat|ikke levert",
    r"(?:leveransen|leveringen|levering) .{0,40}(?:misslyckades|mislykkedes|mislyktes)",
    r"toimitus .{0,30}epäonnistui|ei voitu toimittaa|nelze doručit|nebyla? doručena?|doručení .{0,40}nezdařilo",
    r"kézbesítés.{0,40}(?:nem sikerült|sikertelen)|teslim edilemedi|iletilemedi",
    # Japanese, Chinese, Korean
    r"未能向.{0,40}(?:传递|傳遞|投递)|未(?:传递|送达|傳遞)|(?:传递|傳遞)失败",
    r"(?:配信|送信|配送|送付|お届け|届け|配達)(?:する|し|は|が|を|に)?(?:ことが)?(?:でき(?:ません|なかった)|不能|失敗|エラー)|届けられません|送信に失敗|配信に失敗",
    r"エラー(?:の|が)(?:ため|発生)|(?:无法|未能|不能)(?:投递|送达|发送|傳遞|传递|递送)|(?:無法|未能)(?:傳遞|送達|遞送|投遞)|退信|投递失败|发送失败|傳送失敗",
    r"전송되지 (?:못|않)|배달(?:할 수 없|되지|하지)|반송",
)
# It is tried again.
_DELAYED = (
    r"will (?:be retried|retry|continue (?:to try|trying)|keep trying|try again)|still being retried",
    r"continue to (?:try|attempt)",
    r"deliver(?:y|ing)? (?:attempts|of .{0,60}) will continue|warning (?:message )?only|not yet been delivered",
    r"has been postponed",
    r"(?:has been|is) delayed|delay(?:ed)? (?:mail|reason|for more)|message delayed|delivery has been delayed",
    r"still undelivered",
    r"will be retried|no action is required on your part|temporary problem delivering|still trying to deliver",
    r"verzögert|weiter(?:hin)? versuch|erneut versuch|retardée?|sera retent|nouvelle tentative|retras(?:ado|ada)",
    r"se (?:seguirá|volverá a) intent",
    r"ritardat[ao]|in ritardo|verrà ritentat|atrasad[oa]|continuará tentando|vertraagd|opóźnion|задерж|遅延",
    r"再送(?:を|し|いた)|延迟|延遲",
)
# ... or not any more: then what has been tried before makes no delay of it.
_FINAL = (
    r"not going to try again|giving up|given up|permanent (?:error|failure)|failed permanently"
    r"|no further (?:delivery )?attempts|"
    r"last delivery attempt|could not be delivered to one or more|returned to sender"
)
_SUBJECT = (
    r"undeliver|non[- ]?deliver|return(?:ed|ing)? (?:to sender|mail|message)",
    r"mail (?:system|delivery) (?:error|fail|subsystem|status)",
    r"deliver(?:y|ing)\b.{0,40}(?:fail|error|status|notification|problem|warning|report|delay)",
    r"fail(?:ure|ed) (?:notice|delivery)|failure delivery",
    r"(?:mail|message|email)\b.{0,30}(?:not delivered|could not be delivered|delivery has failed|bounced|rejected)",
    r"(?:mail|message|email)\b.{0,30}delayed|could not send message",
    r"error sending your mail|mail failure|user unknown|loop alert|host unknown|bounce",
    r"unzustellbar|nicht zugestellt|zustell(?:ung|bericht|fehler)|non remis|échec de|non distribu|no entregad",
    r"error de entrega|no se puede entregar",
    r"impossibile recapitare|mancat[oa] (?:recapito|consegna)|recapito|não entregue|falha na entrega",
    r"niet (?:bezorgd|afgeleverd|te bestellen)|onbestelbaar",
    r"niedostarcz|nie można dostarczyć|недоставл|не доставл|не удалось доставить|ошибка доставки",
    r"配信不能|配信エラー|送信エラー|退信",
    r"无法投递|未送达|無法傳遞",
)

# The start of what came back, after which nothing is the mail system's own.
_RETURNED = (
    r"^[ \t>]*-{2,}[ \t]*(?:below|original|this is a copy|forwarded|returned|unsent|message|the header)\b.*$",
    r"^[ \t>]*-{2,}[ \t]*(?:mensaje|body of|begin|copy of)\b.*$",
    r"^[ \t>]*(?:-{2,}[ \t]*)?(?:the )?(?:possibly truncated )?(?:original message|message headers?)(?: headers?)?"
    r"(?: follows?| details| following)?[ \t]*[:.]?[ \t]*$",
    r"^[ \t>]*(?:below is|included is|a copy of|the first \d+ lines of|your (?:original )?message reads)\b.*$",
    r"^[ \t>]*-{2,}[ \t]*(?:original|returned) (?:message|mail)(?: info)?\b.*$",
    r"^[ \t]*(?:original mail as follows|message headers follow)\b.*$",
    r"^[ \t>]*(?:received|return-path|dkim-signature|message-id)[ \t]?:.*$",
)


def lower(text: str) -> str:
    """Return `text` in lower case and of the same length, so that places in it stay the same."""
    lowered = text.lower()
    return lowered if len(lowered) == len(text) else "".join(c if len(c.lower()) > 1 else c.lower() for c in text)


class Phrases:
    """Phrases to look for without regard to case: several times faster than re.IGNORECASE for as many as these."""

    def __init__(self, *rows: str) -> None:
        # A line may end wherever a phrase has a space.
        text = "|".join(rows).replace(" ?", r"\s{0,2}").replace(" ", r"\s{1,2}")
        self._pattern = re.compile(text)

    def search(self, text: str) -> re.Match[str] | None:
        """Return the first phrase in `text`."""
        return self._pattern.search(lower(text))

    def match(self, text: str) -> re.Match[str] | None:
        """Return the phrase at the start of `text`."""
        return self._pattern.match(lower(text))


FAILED = Phrases(*_FAILED)
DELAYED = Phrases(*_DELAYED)
FINAL = Phrases(_FINAL)
SUBJECT = Phrases(*_SUBJECT)
RETURNED = re.compile("|".join(_RETURNED), re.IGNORECASE | re.MULTILINE)
