<?php
// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Asks countersip (or Kamailio's jsonrpcs) through its FIFO.
 *
 *     require 'countersip_rpc.php';
 *     $sbc = new CountersipRpc('/run/countersip/countersip_rpc.fifo');
 *     foreach ($sbc->call('dlg.list', [0, 50]) as $dialog) { ... }
 *
 * or from a shell: php countersip_rpc.php FIFO METHOD [PARAMETER...]
 *
 * The answer comes in a FIFO that is made for it in $replyDirectory (fifo_reply_dir), with a
 * name nobody can guess, opened before the question is asked. Never waits longer than
 * $seconds. Needs the extensions posix and json.
 */
final class CountersipRpcError extends RuntimeException
{
}

final class CountersipRpc
{
	private $fifo;
	private $replyDirectory;
	private $seconds;

	public function __construct(string $fifo, string $replyDirectory = '/tmp', float $seconds = 5)
	{
		$this->fifo = $fifo;
		$this->replyDirectory = rtrim($replyDirectory, '/');
		$this->seconds = $seconds;
	}

	/** The result, decoded. CountersipRpcError with the server's words and code otherwise. */
	public function call(string $method, array $params = [])
	{
		$name = 'php_' . bin2hex(random_bytes(12));
		$path = "$this->replyDirectory/$name";
		// The server opens it as its own user: the group must be allowed to write, or all.
		$old = umask(0);
		$made = posix_mkfifo($path, 0666);
		umask($old);
		if (!$made) {
			throw new CountersipRpcError("cannot make $path: " . posix_strerror(posix_get_last_error()));
		}
		try {
			$reply = fopen($path, 'r+');  // both ends: does not wait for a writer
			stream_set_blocking($reply, false);
			$this->ask($method, $params, $name);
			return self::result($this->read($reply));
		} finally {
			unlink($path);
		}
	}

	private function ask(string $method, array $params, string $name): void
	{
		if (filetype($this->fifo) !== 'fifo') {
			throw new CountersipRpcError("$this->fifo is not a FIFO: is countersip running?");
		}
		$request = ['jsonrpc' => '2.0', 'method' => $method, 'reply_name' => $name, 'id' => 1];
		if ($params) {
			$request['params'] = array_values($params);
		}
		// 'n': does not wait for a reader. Up to 4096 bytes are written in one piece, so that
		// two clients cannot mix.
		$to = @fopen($this->fifo, 'wn');
		$text = json_encode($request) . "\n";
		if (!$to || fwrite($to, $text) !== strlen($text)) {
			throw new CountersipRpcError("cannot write to $this->fifo: try countersipctl doctor fifo");
		}
		fclose($to);
	}

	private function read($reply): string
	{
		$text = '';
		$until = microtime(true) + $this->seconds;
		while (microtime(true) < $until) {
			$read = [$reply];
			$none = null;
			if (!stream_select($read, $none, $none, 0, 100000)) {
				continue;
			}
			$text .= fread($reply, 65536);
			// Our own end is open too: its end is known by what it is.
			if (substr($text, -1) === '}' && json_decode($text) !== null) {
				return $text;
			}
		}
		throw new CountersipRpcError('no answer in time');
	}

	private static function result(string $text)
	{
		$answer = json_decode($text, true);
		if (isset($answer['error'])) {
			throw new CountersipRpcError($answer['error']['message'], $answer['error']['code']);
		}
		return $answer['result'] ?? null;
	}
}

if (PHP_SAPI === 'cli' && realpath($argv[0]) === __FILE__) {
	if ($argc < 3) {
		fwrite(STDERR, "usage: php countersip_rpc.php FIFO METHOD [PARAMETER...]\n");
		exit(2);
	}
	try {
		$result = (new CountersipRpc($argv[1]))->call($argv[2], array_slice($argv, 3));
		echo json_encode($result, JSON_PRETTY_PRINT | JSON_UNESCAPED_SLASHES), "\n";
	} catch (CountersipRpcError $error) {
		fwrite(STDERR, $error->getMessage() . "\n");
		exit(1);
	}
}
