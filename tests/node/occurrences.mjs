// Expands a calendar file with two programs that others wrote: ical.js and node-ical.
// node occurrences.mjs file.ics from to → {"ical.js": [[uid, start, end, title, cancelled], …], "node-ical": …}
import { readFileSync } from "node:fs";
import ICAL from "ical.js";
import nodeIcal from "node-ical";

const [file, from, to] = process.argv.slice(2);
const [first, last] = [new Date(from), new Date(to)];
const text = readFileSync(file, "utf8");

function written(time) {
  return time.isDate ? time.toString() : time.toJSDate().toISOString();
}

function byIcalJs() {
  const calendar = new ICAL.Component(ICAL.parse(text));
  for (const zone of calendar.getAllSubcomponents("vtimezone")) {
    ICAL.TimezoneService.register(new ICAL.Timezone(zone));
  }
  // Without `exceptions` it would take those of every series in the file for those of each.
  const components = calendar.getAllSubcomponents("vevent");
  const uid = (each) => each.getFirstPropertyValue("uid");
  const changes = components.filter((each) => each.hasProperty("recurrence-id"));
  const masters = components
    .filter((each) => !each.hasProperty("recurrence-id"))
    .map((each) => new ICAL.Event(each, { exceptions: changes.filter((one) => uid(one) === uid(each)) }));
  const found = [];
  const add = (item, start, end) => {
    if (start.toJSDate() < last && (end.toJSDate() > first || start.toJSDate() >= first)) {
      const cancelled = item.component.getFirstPropertyValue("status") === "CANCELLED";
      found.push([item.uid, written(start), written(end), item.summary, cancelled]);
    }
  };
  for (const event of masters) {
    if (!event.isRecurring()) {
      add(event, event.startDate, event.endDate);
      continue;
    }
    const iterator = event.iterator();
    for (let next = iterator.next(); next && next.toJSDate() < new Date(+last + 40 * 864e5); next = iterator.next()) {
      const details = event.getOccurrenceDetails(next);
      add(details.item, details.startDate, details.endDate);
    }
  }
  return found;
}

function day(date, shift = 0) {
  const local = new Date(date.getFullYear(), date.getMonth(), date.getDate() + shift);
  return `${local.getFullYear()}-${String(local.getMonth() + 1).padStart(2, "0")}-${String(local.getDate()).padStart(2, "0")}`;
}

function byNodeIcal() {
  const found = [];
  for (const event of Object.values(nodeIcal.sync.parseICS(text))) {
    if (event.type !== "VEVENT") continue;
    for (const each of nodeIcal.expandRecurringEvent(event, { from: first, to: last, expandOngoing: true })) {
      const source = each.event ?? event;
      const whole = each.isFullDay;
      found.push([
        event.uid,
        whole ? day(each.start) : each.start.toISOString(),
        whole ? day(each.end) : each.end.toISOString(),
        each.summary?.val ?? each.summary,
        source.status === "CANCELLED",
      ]);
    }
  }
  return found;
}

process.stdout.write(JSON.stringify({ "ical.js": byIcalJs(), "node-ical": byNodeIcal() }));
