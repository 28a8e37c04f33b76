<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// A web panel's way with the OpenSIPS FIFO, of which each step is a trap: it makes its reply
// FIFO, writes the request and closes it, only then opens the reply FIFO, takes the status with
// one fgets and everything else with one fread of 8192 bytes.
//     php panel.php FIFO REPLY_DIRECTORY 'COMMAND [ARGUMENT...]' [MICROSECONDS before opening]
[, $fifo, $directory, $command] = $argv;
$words = explode(' ', $command);
$name = 'webfifo_' . random_int(100000, 999999);
$path = "$directory/$name";
umask(0);
posix_mkfifo($path, 0666) || exit(2);
$request = ':' . array_shift($words) . ":$name\n";
foreach ($words as $word) {
	$request .= "$word\n";
}
$to = fopen($fifo, 'w');
fwrite($to, "$request\n");
fclose($to);
usleep((int)($argv[4] ?? 0));
$from = fopen($path, 'r');
$status = fgets($from, 256);
$body = fread($from, 8192);
fclose($from);
unlink($path);
echo $status, $body;
exit(strncmp($status, '200', 3) ? 1 : 0);
