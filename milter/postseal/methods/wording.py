"""What stands around a sealed message, in the languages that we can write.

`{author}`, `{name}` and `{until}` are filled in; who fills them into HTML escapes them.  Plain words, no
urgency, and nothing that asks for a password: that is how people learn to tell it from a forgery.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from postseal.settings_ome import Language


@dataclass(frozen=True, slots=True)
class Wording:
    """Sentences in one language.

    *title*, *sent*: what this is, and from whom.  *attached*, *linked*: how to open the two forms.
    *code*: how the reader shows who he is.  *until*: how long it can be read.  *open*, *online*: on buttons
    and links.  *or_online*: before the link in plain text.  *file*: above the button in the file.
    """

    title: str
    sent: str
    attached: str
    linked: str
    code: str
    until: str
    open: str
    online: str
    or_online: str
    file: str


WORDINGS: Final[Mapping[Language, Wording]] = {
    Language.EN: Wording(
        title="Encrypted message",
        sent="{author} has sent you an encrypted message through {name}.",
        attached="To read it, save the attached file message.html, open it in a browser and press the"
        " button.",
        linked="To read it, open this page in a browser:",
        code="You need no account. A code will be sent to this mailbox; type it where you asked for it.",
        until="It can be read until {until}.",
        open="Open the message",
        online="Read online",
        or_online="You can also read it online:",
        file="The message is in this file, encrypted. The button sends it to {name}, where you can read it.",
    ),
    Language.DE: Wording(
        title="Verschlüsselte Nachricht",
        sent="{author} hat Ihnen über {name} eine verschlüsselte Nachricht gesendet.",
        attached="Zum Lesen speichern Sie die angehängte Datei message.html, öffnen sie in einem Browser und"
        " drücken auf den Knopf.",
        linked="Zum Lesen öffnen Sie diese Seite in einem Browser:",
        code="Sie brauchen kein Konto. Ein Code geht an dieses Postfach; geben Sie ihn dort ein, wo Sie ihn"
        " angefordert haben.",
        until="Sie kann bis {until} gelesen werden.",
        open="Nachricht öffnen",
        online="Online lesen",
        or_online="Sie können sie auch online lesen:",
        file="Die Nachricht ist verschlüsselt in dieser Datei. Der Knopf sendet sie an {name}, wo Sie sie"
        " lesen können.",
    ),
    Language.ES: Wording(
        title="Mensaje cifrado",
        sent="{author} le ha enviado un mensaje cifrado a través de {name}.",
        attached="Para leerlo, guarde el archivo adjunto message.html, ábralo en un navegador y pulse el"
        " botón.",
        linked="Para leerlo, abra esta página en un navegador:",
        code="No necesita ninguna cuenta. Se enviará un código a este buzón; escríbalo donde lo solicitó.",
        until="Se puede leer hasta el {until}.",
        open="Abrir el mensaje",
        online="Leer en línea",
        or_online="También puede leerlo en línea:",
        file="El mensaje está cifrado en este archivo. El botón lo envía a {name}, donde podrá leerlo.",
    ),
    Language.FR: Wording(
        title="Message chiffré",
        sent="{author} vous a envoyé un message chiffré par {name}.",
        attached="Pour le lire, enregistrez le fichier joint message.html, ouvrez-le dans un navigateur et"
        " appuyez sur le bouton.",
        linked="Pour le lire, ouvrez cette page dans un navigateur :",
        code="Aucun compte n'est nécessaire. Un code sera envoyé à cette boîte ; saisissez-le là où vous"
        " l'avez demandé.",
        until="Il peut être lu jusqu'au {until}.",
        open="Ouvrir le message",
        online="Lire en ligne",
        or_online="Vous pouvez aussi le lire en ligne :",
        file="Le message est chiffré dans ce fichier. Le bouton l'envoie à {name}, où vous pourrez le lire.",
    ),
    Language.RU: Wording(
        title="Зашифрованное сообщение",
        sent="{author} отправил вам зашифрованное сообщение через {name}.",
        attached="Чтобы прочитать его, сохраните вложенный файл message.html, откройте его в браузере и"
        " нажмите кнопку.",
        linked="Чтобы прочитать его, откройте эту страницу в браузере:",
        code="Учётная запись не нужна. Код придёт в этот почтовый ящик; введите его там, где вы его"
        " запросили.",
        until="Его можно прочитать до {until}.",
        open="Открыть сообщение",
        online="Прочитать онлайн",
        or_online="Его также можно прочитать онлайн:",
        file="Сообщение зашифровано в этом файле. Кнопка отправит его на {name}, где его можно прочитать.",
    ),
}
