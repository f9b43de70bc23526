/**
 * An echo server, over the transport that the endpoint description on the command line names.
 *
 *     deno run --allow-net examples/echo.ts
 *
 * Try it: `nc 127.0.0.1 2000` repeats each line that you type. Ctrl-C stops the server. These are
 * other endpoints, each with exactly the permissions that it needs:
 *
 *     deno run --allow-net=127.0.0.1:2000 examples/echo.ts tcp:2000:interface=127.0.0.1
 *     deno run --allow-net=[::1]:2000 examples/echo.ts 'tcp6:2000:interface=\:\:1'
 *     deno run --allow-net=unix:/tmp/echo.sock --allow-read=/tmp/echo.sock --allow-write=/tmp/echo.sock examples/echo.ts unix:/tmp/echo.sock:mode=600
 *     deno run --allow-net=127.0.0.1:2000 --allow-read=server.pem examples/echo.ts tls:2000:interface=127.0.0.1:privateKey=server.pem
 *     deno run examples/echo.ts stdio:
 *     deno run --allow-env=LISTEN_PID,LISTEN_FDS,LISTEN_FDNAMES examples/echo.ts systemd:domain=INET:index=0
 *
 * Their clients are `nc ::1 2000`, `nc -U /tmp/echo.sock` and
 * `openssl s_client -connect 127.0.0.1:2000`. `server.pem` contains a private key and a
 * certificate. These commands make it:
 *
 *     openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -keyout server.pem \
 *       -out server.crt
 *     cat server.crt >> server.pem
 *
 * The command with `systemd:` is for a service that systemd starts through a socket unit.
 *
 * The program shows where a description is wrong: try `tcp:2000:interfce=127.0.0.1`.
 */

import { execute, Factory, log, Protocol, reactor, serverFromString } from "@torsion/reactor";

const [description = "tcp:2000"] = Deno.args;
/** Whether standard output is the connection. The program then ends with the connection. */
const isStdio = /^stdio\b/i.test(description);

class Echo extends Protocol {
  override connectionMade(): void {
    log.msg(`Connection from ${this.transport.getPeer()}`);
  }

  override dataReceived(data: Uint8Array): void {
    this.transport.write(data);
  }

  override connectionLost(reason: Error): void {
    log.msg(reason.message);
    if (isStdio && reactor.running) reactor.stop();
  }
}

if (import.meta.main) {
  log.startLogging(isStdio ? Deno.stderr : Deno.stdout);
  execute(() => serverFromString(reactor, description).listen(Factory.forProtocol(Echo)))
    .addErrback((error) => {
      console.error(error.message);
      Deno.exit(1);
    });
  await reactor.run();
}
