import { FakeTime } from "@std/testing/time";
import { coreConformance } from "../../../testing/conformance/core.ts";
import { EpollReactor } from "./reactor.ts";

coreConformance("EpollReactor", () => new EpollReactor(), FakeTime);
