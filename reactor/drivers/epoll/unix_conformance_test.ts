import { streamConformance } from "../../../testing/conformance/stream.ts";
import { unixTransport } from "../../../testing/conformance/unix_transport.ts";
import { EpollReactor } from "./reactor.ts";

streamConformance(unixTransport("EpollReactor UNIX", () => new EpollReactor()));
