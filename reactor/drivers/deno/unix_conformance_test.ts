import { streamConformance } from "../../../testing/conformance/stream.ts";
import { unixTransport } from "../../../testing/conformance/unix_transport.ts";
import { DenoReactor } from "./reactor.ts";

streamConformance(unixTransport("DenoReactor UNIX", () => new DenoReactor()));
