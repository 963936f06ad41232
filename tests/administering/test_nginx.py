"""The web server in front of the administrators' page, with the configuration that we ship."""

from pathlib import Path

from admin_place import COOKIE, PEOPLE, office
from demo.place import free_port
from demo.visitor import Visitor
from nginx import NEEDED, adapted, nginx

SHIPPED = Path(__file__).parents[2] / "contrib" / "nginx" / "postseal-admin.conf"

pytestmark = NEEDED


def test_shipped_configuration_leads_to_the_page_and_logs_no_link(directory: Path) -> None:
    public = free_port()
    provider = directory / "provider"
    provider.mkdir()
    with office(provider, public=public) as at:
        keys = at.here.portal.directory
        text = adapted(
            SHIPPED,
            ("http://127.0.0.1:8600", f"http://127.0.0.1:{at.page.port}"),
            ("listen 443 ssl http2;", f"listen 127.0.0.1:{public} ssl http2;"),
            ("    listen [::]:443 ssl http2;\n", ""),
            ("/etc/ssl/certs/postseal-admin.example.com.pem", f"{keys}/portal.pem"),
            ("/etc/ssl/private/postseal-admin.example.com.key", f"{keys}/portal.key"),
            ("postseal-admin.example.com", "localhost"),
            ("/var/log/nginx/", f"{directory}/"),
        )
        with nginx(text, public, directory):
            visitor = Visitor(public, name=COOKIE)
            path = at.link(PEOPLE["auditor"])
            assert visitor.post(path).to == "/"
            assert "(auditor)" in visitor.get("/").text
            answer = visitor.get("/audit/export?format=csv")
            assert b",check,," in answer.body
            assert visitor.get("/messages?sender=secret@lab.test").status == 200
        with nginx(text.replace("allow 127.0.0.0/8;", ""), public, directory):
            assert visitor.get("/sign-in").status == 403
        log = (directory / "postseal-admin.log").read_text()
        assert " GET 200 " in log
        assert path.rpartition("/")[2] not in log
        assert "secret@lab.test" not in log
