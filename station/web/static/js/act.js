// What a person does, told to the station. The answer is a status; what came of it arrives with the next state.

export async function post(path, body, token = "") {
  const headers = { "Content-Type": "application/json" };
  if (token) headers.Authorization = `Bearer ${token}`;
  try {
    const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
    return { status: answer.status, body: await answer.json() };
  } catch (problem) {
    if (problem instanceof TypeError || problem instanceof SyntaxError) return { status: 0, body: {} };
    throw problem;
  }
}

export const act = (ask, token = "") => post("/act", ask, token);

// Which of the page's words says what became of it; empty when nothing needs saying.
export function wordFor({ status, body }) {
  if (body.verdict === "reason_missing") return "reason_missing";
  return { 200: "", 401: "forbidden", 403: "forbidden", 409: "stale" }[status] ?? "error";
}
