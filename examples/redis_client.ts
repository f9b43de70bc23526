/**
 * A client of Redis that reconnects: it counts in a key, and logs what is published to a channel.
 *
 *     deno run --allow-net examples/redis_client.ts
 *
 * Each second the client increments the key `visits` on port 6379, and logs the count. It also logs
 * the messages that others publish: `redis-cli publish news hello`. Stop the server and start it
 * again: the client reconnects and subscribes again. A count that has not been sent is tried again;
 * one that may have been counted is not. `examples/resp_server.ts` is a server, on port 6380. Press
 * Ctrl-C: the client ends with exit code 0. Arguments: the endpoint of the server, such as
 * `unix:/run/redis.sock`, and the seconds before the first retry (1).
 */

import {
  backoffPolicy,
  CancelledError,
  clientFromString,
  ClientService,
  log,
  MultiService,
  reactor,
  startApplication,
  TimerService,
} from "@torsion/reactor";
import { isRequestFailure } from "@torsion/reactor/protocol";
import { asInteger, type RESPClient, RESPClientFactory } from "@torsion/reactor/resp";

/** Increments the key, and tries again as long as the server cannot have received the command. */
async function count(redis: ClientService<RESPClient>): Promise<void> {
  const increment = (client: RESPClient) => client.command(["INCR", "visits"], { read: asInteger });
  for (;;) {
    try {
      log.msg(`visits: ${await redis.request(increment, { timeout: 5 })}`);
      return;
    } catch (error) {
      if (error instanceof CancelledError) return; // the client is stopping
      if (!isRequestFailure(error)) throw error;
      log.msg(`not counted, sent: ${error.sent} (${error.message})`);
      if (error.sent) return;
    }
  }
}

if (import.meta.main) {
  log.startLogging(Deno.stdout);
  const [server = "tcp:127.0.0.1:6379", firstRetry = "1"] = Deno.args;
  const application = new MultiService();

  const factory = new RESPClientFactory({ clock: reactor, clientName: "example" });
  const redis = new ClientService(clientFromString(reactor, server), factory, {
    clock: reactor,
    prepareConnection: factory.prepare,
    retryPolicy: backoffPolicy({ initialDelay: Number(firstRetry) }),
  });
  redis.setServiceParent(application);

  factory.subscribe("news", {
    message: ({ text }) => log.msg(`news: ${text}`),
    resubscribed: () => log.msg("subscribed again"),
  }).addCallback(() => log.msg("subscribed"));

  const counter = new TimerService(1, () => count(redis));
  counter.clock = reactor;
  counter.setServiceParent(application);

  startApplication(reactor, application);
  await reactor.run();
}
