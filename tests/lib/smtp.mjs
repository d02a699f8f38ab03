// smtp.mjs - SMTP, as far as a client needs it to hand over its mails.
//
//   createServer((socket) => takeMails(socket, (mail) => mails.push(mail)))
export function takeMails(socket, taken) {
  let text = '', mail = null;
  socket.write('220 stub\r\n');
  socket.on('data', (data) => {
    text += data.toString('latin1');
    for (let end; (end = text.indexOf('\r\n')) >= 0;) {
      const line = text.slice(0, end);
      text = text.slice(end + 2);
      if (mail !== null) {
        if (line !== '.') { mail += `${line}\r\n`; continue; }
        taken(mail);
        mail = null;
        socket.write('250 taken\r\n');
      } else if (/^DATA/i.test(line)) {
        mail = '';
        socket.write('354 go on\r\n');
      } else if (/^QUIT/i.test(line)) socket.end('221 bye\r\n');
      else socket.write('250 stub\r\n');
    }
  });
}
