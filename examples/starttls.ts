/**
 * STARTTLS, as mail servers do it (RFC 3207): a conversation begins without encryption, and
 * continues over TLS.
 *
 *     deno run --allow-net --allow-read examples/starttls.ts
 *
 * It needs a certificate. This command makes one for `localhost`:
 *
 *     openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -addext subjectAltName=DNS:localhost \
 *       -addext basicConstraints=critical,CA:FALSE -days 7 -keyout key.pem -out cert.pem
 *
 * Start the server with the arguments `2525 cert.pem key.pem`, and talk to it:
 *
 *     openssl s_client -starttls smtp -connect localhost:2525 -CAfile cert.pem
 *
 * `openssl` prints `Verify return code: 0 (ok)`. Then the server answers `EHLO me`, without
 * offering STARTTLS again, and `QUIT` closes the connection. This program is also a client: with
 * `client 2525 cert.pem` it prints what both sides send, and marks where the encryption begins.
 */

import {
  ClientFactory,
  type IConnector,
  LineReceiver,
  log,
  reactor,
  ServerFactory,
} from "@torsion/reactor";

class MailServer extends LineReceiver {
  static cert = "";
  static key = "";

  override connectionMade(): void {
    this.sendLine("220 localhost ESMTP");
  }

  override textReceived(line: string): void {
    switch (line.split(" ")[0]?.toUpperCase()) {
      case "EHLO":
        if (this.transport.secure) this.sendLine("250 localhost");
        else this.transport.write("250-localhost\r\n250 STARTTLS\r\n");
        break;
      case "STARTTLS":
        if (this.transport.secure) this.sendLine("503 TLS is on already");
        else this.#startTLS();
        break;
      case "QUIT":
        this.sendLine("221 Bye");
        this.transport.loseConnection();
        break;
      default:
        this.sendLine("502 Not here");
    }
  }

  handshakeCompleted(): void {
    log.msg(`${this.transport.getPeer()} speaks TLS`);
  }

  override connectionLost(reason: Error): void {
    log.msg(`${this.transport.getPeer()} has gone: ${reason.message}`);
  }

  #startTLS(): void {
    this.sendLine("220 Go ahead");
    this.transport.startTLS({ cert: MailServer.cert, key: MailServer.key });
    // Text that follows that line without encryption may come from an attacker (CVE-2011-0411).
    this.clearLineBuffer();
  }
}

class MailClient extends LineReceiver {
  static caCert = "";
  /** The commands to send, one after each reply: before TLS, and over TLS. */
  readonly #open = ["EHLO me", "STARTTLS"];
  readonly #secret = ["QUIT"];

  override textReceived(line: string): void {
    console.log(`< ${log.visibleText(line)}`); // the server must not control the terminal
    if (/^\d{3}-/.test(line)) return; // the reply has more lines
    const next = (this.transport.secure ? this.#secret : this.#open).shift();
    if (next !== undefined) this.say(next);
    else if (!this.transport.secure) this.#startTLS();
  }

  say(line: string): void {
    console.log(`> ${line}`);
    this.sendLine(line);
  }

  handshakeCompleted(): void {
    const name = this.transport.getPeerCertificate()?.subject.CN ?? "";
    console.log(`(protected: ${log.visibleText(name)})`);
    this.say("EHLO me");
  }

  override connectionLost(reason: Error): void {
    console.log(`(${reason.message})`);
  }

  #startTLS(): void {
    this.clearLineBuffer(); // as the server does
    this.transport.startTLS({ serverName: "localhost", caCerts: [MailClient.caCert] });
  }
}

class MailClientFactory extends ClientFactory<MailClient> {
  override protocol = MailClient;

  override clientConnectionFailed(_connector: IConnector, reason: Error): void {
    console.error(reason.message);
    reactor.stop();
  }

  override clientConnectionLost(): void {
    reactor.stop();
  }
}

if (import.meta.main) {
  const [first = "2525", ...files] = Deno.args;
  if (first === "client") {
    const [port = "2525", caFile = "cert.pem"] = files;
    MailClient.caCert = Deno.readTextFileSync(caFile);
    reactor.connectTCP("localhost", Number(port), new MailClientFactory());
  } else {
    const [certFile = "cert.pem", keyFile = "key.pem"] = files;
    MailServer.cert = Deno.readTextFileSync(certFile);
    MailServer.key = Deno.readTextFileSync(keyFile);
    log.startLogging(Deno.stdout);
    reactor.listenTCP(Number(first), ServerFactory.forProtocol(MailServer));
  }
  await reactor.run();
}
