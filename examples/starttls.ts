/**
 * STARTTLS, as mail servers do it (RFC 3207): a conversation begins in the open, and goes on protected.
 *
 *     deno run --allow-net --allow-read examples/starttls.ts
 *
 * It needs a certificate. This makes one for `localhost`:
 *
 *     openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -addext subjectAltName=DNS:localhost \
 *       -addext basicConstraints=critical,CA:FALSE -days 7 -keyout key.pem -out cert.pem
 *
 * Start the server with it as arguments, `2525 cert.pem key.pem`, and talk to it:
 *
 *     openssl s_client -starttls smtp -connect localhost:2525 -CAfile cert.pem
 *
 * See: `Verify return code: 0 (ok)`; then `EHLO me` is answered, without offering STARTTLS a second time, and `QUIT` ends it. This program is a
 * client, too: with `client 2525 cert.pem` it prints what both sides say, and says itself when nobody else can hear it.
 */

import {
  ClientFactory,
  type IConnector,
  log,
  Protocol,
  reactor,
  ServerFactory,
} from "@torsion/reactor";

/** Lines in and out; a line that comes is told to `lineReceived`. */
abstract class Lines extends Protocol {
  #buffer = "";

  abstract lineReceived(line: string): void;

  override dataReceived(data: Uint8Array): void {
    this.#buffer += new TextDecoder().decode(data);
    for (let end = this.#buffer.indexOf("\n"); end >= 0; end = this.#buffer.indexOf("\n")) {
      const line = this.#buffer.slice(0, end).trimEnd();
      this.#buffer = this.#buffer.slice(end + 1);
      this.lineReceived(line);
    }
  }

  send(...lines: string[]): void {
    this.transport.writeSequence(lines.map((line) => `${line}\r\n`));
  }

  /** Whatever came in the open behind the last line may be anybody's (CVE-2011-0411). */
  forget(): void {
    this.#buffer = "";
  }
}

class MailServer extends Lines {
  static cert = "";
  static key = "";

  override connectionMade(): void {
    this.send("220 localhost ESMTP");
  }

  override lineReceived(line: string): void {
    switch (line.split(" ")[0]?.toUpperCase()) {
      case "EHLO":
        if (this.transport.secure) this.send("250 localhost");
        else this.send("250-localhost", "250 STARTTLS");
        break;
      case "STARTTLS":
        if (this.transport.secure) this.send("503 TLS is on already");
        else this.#startTLS();
        break;
      case "QUIT":
        this.send("221 Bye");
        this.transport.loseConnection();
        break;
      default:
        this.send("502 Not here");
    }
  }

  handshakeCompleted(): void {
    log.msg(`${this.transport.getPeer()} speaks TLS`);
  }

  override connectionLost(reason: Error): void {
    log.msg(`${this.transport.getPeer()} has gone: ${reason.message}`);
  }

  #startTLS(): void {
    this.send("220 Go ahead");
    this.transport.startTLS({ cert: MailServer.cert, key: MailServer.key });
    this.forget();
  }
}

class MailClient extends Lines {
  static caCert = "";
  /** What to say after each answer, until TLS is on, and then. */
  readonly #open = ["EHLO me", "STARTTLS"];
  readonly #secret = ["QUIT"];

  override lineReceived(line: string): void {
    console.log(`< ${line}`);
    if (/^\d{3}-/.test(line)) return; // the answer goes on
    const next = (this.transport.secure ? this.#secret : this.#open).shift();
    if (next !== undefined) this.say(next);
    else if (!this.transport.secure) this.#startTLS();
  }

  say(line: string): void {
    console.log(`> ${line}`);
    this.send(line);
  }

  handshakeCompleted(): void {
    console.log(`(protected: ${this.transport.getPeerCertificate()?.subject.CN})`);
    this.say("EHLO me");
  }

  override connectionLost(reason: Error): void {
    console.log(`(${reason.message})`);
  }

  #startTLS(): void {
    this.forget();
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
