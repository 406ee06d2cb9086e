// BullMQ: one worker process, 64 jobs at once. As long as the others: see clock.py.
import { Queue, Worker } from "bullmq";

const PUT_MS = 4000;
const DRAIN_MS = 8000;
const [place, given] = process.argv.slice(2);
const connection = { path: place, maxRetriesPerRequest: null };
const queue = new Queue("bench", { connection });
await queue.waitUntilReady();

const began = performance.now();
let put = 0;
while (put < Number(given) && performance.now() - began < PUT_MS) {
  await queue.add("nothing", { number: put++ }, { removeOnComplete: true });
}
const putMs = performance.now() - began;

let done = 0;
let first = 0;
await new Promise((over) => {
  new Worker(
    "bench",
    async () => {
      first ||= performance.now();
      if (++done === put || performance.now() - first > DRAIN_MS) over();
    },
    { connection, concurrency: 64 },
  );
});
const drainMs = performance.now() - first;
console.log(JSON.stringify({ enqueued: (put / putMs) * 1000, drained: (done / drainMs) * 1000 }));
process.exit(0);
