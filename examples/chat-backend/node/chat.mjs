// The text of an answer, piece by piece, wherever the reads end.
export async function* text(prompt) {
  const response = await fetch(`${process.env.OPENAI_BASE_URL}/chat/completions`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${process.env.OPENAI_API_KEY}` },
    body: JSON.stringify({ model: "gpt-4o-mini", messages: [{ role: "user", content: prompt }], stream: true }),
  });
  if (!response.ok) throw new Error(`status ${response.status}`);
  let rest = "";
  for await (const read of response.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + read).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      if (!line.startsWith("data: {")) continue;
      const [choice] = JSON.parse(line.slice(6)).choices;
      if (choice?.delta.content) yield choice.delta.content;
    }
  }
}
