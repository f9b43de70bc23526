import { FakeTime } from "@std/testing/time";
import { timeConformance } from "../../../testing/conformance/time.ts";
import { EpollReactor } from "./reactor.ts";

timeConformance("EpollReactor", () => new EpollReactor(), FakeTime);
