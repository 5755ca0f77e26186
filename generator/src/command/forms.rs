//! The forms of commands to a model, and of what goes with them.

/// Each addresses a model or tells it what to do; what a text for people would hardly say. First words of which one stands
/// in every text that the form fits: most texts hold none, and need not be held against the form.
pub(super) const COMMANDS: &[(&[&str], &str)] = &[
    // English.
    (
        &["override", "bypass", "discard", "delete"],
        r"\b(?:override|bypass|discard|delete)\b.{0,20}\b(?:your|system|safety|original|previous)\b.{0,20}\b(?:instructions?|prompts?|rules?|guidelines?|directives?|constraints?|filters?)\b",
    ),
    (
        &["ignore", "disregard", "forget"],
        r"\b(?:ignore|disregard|forget)\b.{0,40}\b(?:previous|prior|above|earlier|preceding|all|any|your|system|other|these|safety|original)\b.{0,40}\b(?:instructions?|prompts?|rules?|guidelines?|directions?|directives?|context|evidence|training|constraints?|filters?)\b",
    ),
    (
        &["ignore", "disregard", "forget"],
        r"\b(?:ignore|disregard|forget)\b.{0,20}\b(?:everything|anything|all)\b.{0,30}\b(?:above|before|told|said|read|previously)\b",
    ),
    (
        &["you", "act", "pretend", "play", "behave"],
        r"\b(?:you are|you're|act as|pretend (?:to be|you are|that you are)|role-?play as|behave as)\b.{0,30}\b(?:assistant|a\.?i\.?|chat ?bot|language model|llm|gpt|dan|jailbroken|unrestricted|uncensored|developer mode|pirate)\b",
    ),
    (
        &["attention", "dear", "hey", "hello", "note", "notice", "message", "instruction", "memo"],
        r"\b(?:attention|dear|hey|hello|note to|notice to|message (?:for|to)|instructions? (?:for|to)|memo (?:for|to))\W+(?:the |any |all |an |a |every )?(?:a\.?i\.?|llms?|language models?|a\.?i\.? (?:assistant|model|system|agent)s?|assistants?|chat ?bots?|bots?|models?|answering (?:system|engine|machine)s?)\b",
    ),
    (
        &["reading", "processing", "answering", "summari", "reads"],
        r"\bto (?:the|any|all|every) (?:a\.?i\.?|llms?|language models?|assistants?|chat ?bots?|models?)\b.{0,12}\b(?:reading|processing|answering|summari[sz]ing|that reads?|who reads?)\b",
    ),
    (&["you are a"], r"\b(?:if|when) you are an? (?:a\.?i\.?|llm|language model|assistant|chat ?bot)\b"),
    (
        &["system", "developer", "admin", "operator"],
        r"\b(?:system|developer|admin(?:istrator)?|operator) (?:prompt|message|override|instruction|note|notice|update|command|directive)s?\W{0,3}[:=]",
    ),
    (
        &["new"],
        r"\bnew (?:system )?(?:instructions?|task|directives?|orders?|prompt|rules? for (?:you|the model))\W{0,3}:",
    ),
    (
        &["end of", "begin of", "start of"],
        r"^\W*(?:end|begin|start) of (?:the )?(?:system )?(?:prompt|context|evidence|documents?|instructions?)\W*$",
    ),
    (
        &["prompt", "system", "message", "your", "above"],
        r"\b(?:reveal|print|repeat|show|output|leak|disclose|copy|recite|summari[sz]e)\b.{0,30}\b(?:system prompt|system message|hidden prompt|initial prompt|your (?:instructions?|prompt|rules|configuration)|(?:instructions?|prompt|text|words) above|everything above)\b",
    ),
    (
        &["only", "exactly", "nothing", "just", "verbatim"],
        r"\b(?:answer|reply|respond|output|say|print|write|return)\b.{0,12}\b(?:only|exactly|nothing but|just|verbatim)\b.{0,12}(?:\bwith\b|\bthe (?:word|phrase|string|text|sentence|code)\b|\bthis\b|:|[“”'‘’])",
    ),
    (
        &["with", "by saying"],
        r#"(?:^|[.;:,!]\s*|\b(?:must|always|only|please|should|to|and|then|just) )(?:answer|reply|respond)(?: \w+){0,4} (?:with|by saying)\b.{0,12}(?:\bthe (?:word|phrase|string|sentence)\b|[“”"'‘’])"#,
    ),
    (
        &["from now on"],
        r"\bfrom now on\b.{0,20}\b(?:you (?:must|will|shall|are|answer|reply)|answer|reply|respond|say)\b",
    ),
    (
        &["not", "n't", "never"],
        r"\b(?:do not|don't|never|must not)\b.{0,20}\b(?:answer|cite|use|quote|trust|read)\b.{0,20}\b(?:the|this|that|any|other|user'?s?)\b.{0,12}\b(?:questions?|evidence|(?:other )?documents|sources|passages|context)\b",
    ),
    (
        &["ask"],
        r"\b(?:when|whenever|if)\b.{0,12}\b(?:you are|you're|the user|a user|the reader|anyone|someone|the assistant|the model)\b.{0,8}\bask(?:s|ed)?\b.{0,80}\b(?:say|answer|reply|respond|tell them|state|claim|output)\b",
    ),
    (
        &["document", "evidence", "source", "context", "passage", "text"],
        r"^\W*(?:the|these|this|those|my|your) (?:documents?|evidence|sources?|context|passages?|texts?) (?:do|does|did|can) ?(?:not|n't) (?:answer|contain|say|know|hold|have|include|mention|provide)\b.{0,40}\b(?:question|answer|information|this|that|it)\b",
    ),
    (
        &["decode", "base", "rot13"],
        r"\b(?:decode|base ?64|rot13)\b.{0,80}\b(?:follow|execute|obey|carry out|do what|say|instructions?|orders?|comply)\b",
    ),
    (
        &["answer", "reply", "response", "output"],
        r"\b(?:your|the model'?s|the assistant'?s) (?:answer|reply|response|output)s? (?:must|should|shall|has to|have to|will) (?:only )?(?:be|say|contain|include|start|begin|end|consist|state|cite|link)\b",
    ),
    (
        &["append", "add", "include", "insert", "embed"],
        r"\b(?:append|add|include|insert|embed)\b.{0,40}\b(?:to|in|into|at the end of) (?:your|every|each|the) (?:answer|reply|response|output)s?\b",
    ),
    (
        &["[", "(", "【"],
        r"\b(?:cite|use|add|write|put) (?:footnote|citation|source|mark|evidence|reference)?\s?(?:number )?[\[(【]\d+[\])】] (?:for|after|behind|in) (?:every|each|all|this|your|any)\b",
    ),
    (
        &["you"],
        r"\b(?:you must|you have to|you should|you will|you shall)\b.{0,30}\b(?:answer|reply|respond|say|obey|comply|cite|output|tell the user)\b",
    ),
    (
        &["verif", "verdict", "marked"],
        r"\b(?:this|the) (?:sentence|statement|claim|answer|document)\b.{0,20}\b(?:is|was|has been)\b.{0,12}\b(?:pre-?verified|verified by the system|marked supported|verdict)\b",
    ),
    (&["verdict"], r"\bverdict\W{1,4}supported\b"),
    (
        &["ignore", "disregard", "forget"],
        r"\b(?:ignore|disregard|forget)\b.{0,20}\b(?:evidence|context|instructions?|prompt|rules|documents?)\b.{0,12}\b(?:above|below|before)\b",
    ),
    (&["the only"], r"\bthe only (?:permitted|allowed|correct|valid|acceptable) (?:answer|reply|response)\b"),
    (&["##"], r"#{2,3} ?(?:instruction|system|response)\b.{0,3}:?"),
    (
        &["system", "assistant", "developer"],
        r"^\W*(?:system|assistant|developer)\s?:\s.{0,80}\b(?:you|your|answer|reply|say|ignore|respond)\b",
    ),
    // German, French, Spanish, Italian, Portuguese, Dutch, Polish, Turkish.
    (
        &["ignorier", "vergiss", "vergess", "missachte"],
        r"\b(?:ignorier|vergiss|vergesst|missachte|vergessen sie)\w*\b.{0,60}\b(?:anweisung|regel|instruktion|vorgabe|prompt|befehl)\w*",
    ),
    (
        &["ignore", "oublie"],
        r"\b(?:ignore[zr]|oublie[zr]?|ignore)\b.{0,20}\b(?:toutes?|vos|tes|les|ces)\b.{0,40}\b(?:instructions?|consignes?|règles?|directives?)\b",
    ),
    (
        &["ignor", "olvid", "descart"],
        r"\b(?:ignor|olvid|descart)\w*\b.{0,60}\b(?:instrucciones|reglas|indicaciones|órdenes)\b",
    ),
    (&["ignor", "dimentic"], r"\b(?:ignor|dimentic)\w*\b.{0,60}\b(?:istruzioni|regole|indicazioni)\b"),
    (&["ignor", "esque"], r"\b(?:ignor|esque[çc])\w*\b.{0,60}\b(?:instruções|regras|indicações|ordens)\b"),
    (&["negeer", "vergeet"], r"\b(?:negeer|vergeet)\b.{0,60}\b(?:instructies|aanwijzingen|regels|opdrachten)\b"),
    (&["zignoruj", "zapomnij", "pomiń"], r"\b(?:zignoruj|zapomnij|pomiń)\b.{0,60}(?:instrukcj|polece|wskazów|reguł)"),
    (
        &["talimat", "yönerge", "kural"],
        r"\b(?:talimat|yönerge|kural)\w*\b.{0,60}(?:yok say|görmezden|unut|dikkate alma)",
    ),
    // Russian, Arabic, Hindi, Chinese, Japanese, Korean.
    (
        &["игнориру", "забудь", "обращай"],
        r"(?:игнориру|забудь|проигнориру|не обращай).{0,60}(?:инструкци|указани|правил|команд)",
    ),
    (&["تجاهل", "انس"], r"(?:تجاهل|انس).{0,60}(?:تعليمات|التعليمات|الأوامر|التوجيهات)"),
    (&["निर्देश"], r"निर्देश.{0,60}(?:अनदेखा|नज़रअंदाज़|भूल)"),
    (
        &["忽略", "无视", "無視", "忘", "不要理会"],
        r"(?:忽略|无视|無視|忘记|忘掉|不要理会).{0,30}(?:指令|指示|提示|规则|說明|说明|命令)",
    ),
    (&["無視", "忘れ"], r"(?:指示|命令|プロンプト|ルール).{0,20}(?:無視|忘れ)"),
    (&["지시", "명령", "지침", "프롬프트"], r"(?:지시|명령|지침|프롬프트).{0,20}(?:무시|잊)"),
];

/// Control tokens of chat templates: what stands behind them is a forged turn.
pub(super) const TOKENS: &str =
    r"(?i)<[|｜]|</?(?:start|end)_of_turn>|\[/?inst\]|<</?sys>>|\[/?system_prompt\]|</?think>";

/// What goes with a command, and is nothing to quote where it stands behind one.
pub(super) const FOLLOWS: &str = r"(?i)^\W*(?:and |then |now |instead,? |just |simply |only |please )*(?:say|reply|respond|answer|output|print|write|repeat|tell|state|return|include|add|append|end|begin|start|cite|translate|send|visit|click|do not|don't|never|always|act|pretend|sag|antworte|schreib|réponds?|répondez|dis|dites|responde|di|rispondi|responda|antwoord|odpowiedz|ответь|скажи|回答|说|say)\b|\b(?:you|your|yourself|the user|the assistant|the model|the (?:correct|real|true|right|only|final) answer)\b";

/// Questions about such things.
pub(super) const ASKED_ABOUT: &str = r"(?i)\b(?:prompts?|instructions?|inject\w*|jailbreak\w*|templates?|tokens?|turns?|system messages?|attacks?|chatml|anweisung\w*|consignes?|instrucciones)\b|<[|｜]|\[/?inst\]|_of_turn";
