// Stands in for the calendar of an application: it asks again and again how a meeting is.

window.statuses = [];
const meeting = new URLSearchParams(location.search).get("meeting");

async function look() {
  const answer = await fetch(`/usher/api/meetings/${meeting}`);
  const { status } = (await answer.json()).data.meeting;
  if (window.statuses.at(-1) !== status) window.statuses.push(status);
  setTimeout(look, 200);
}

look();
