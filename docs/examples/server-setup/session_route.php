<?php
// The session route in PHP, with its curl extension: API_URL=… API_KEY=… php -S 127.0.0.1:3003 session_route.php

declare(strict_types=1);

// THE PLACE FOR YOUR OWN LOGIN: read your cookie or $_SESSION here. This one believes a header, which is good for
// trying things out on your own machine, and for nothing else.
function find_logged_in_user(): ?array
{
    $people = ['ann' => 'Ann Lindqvist', 'bo' => 'Bo Tanaka'];
    $id = $_SERVER['HTTP_X_DEMO_USER'] ?? '';
    return isset($people[$id]) ? ['id' => $id, 'name' => $people[$id]] : null;
}

// docs:start(route)
class Refusal extends Exception
{
}

/** Answers the body. Throws a Refusal with the code of the gateway, and the status; 0 when there was no answer. */
function call_sendsar(string $method, string $path, ?array $body = null): array
{
    $request = curl_init(getenv('API_URL') . $path);
    curl_setopt_array($request, [
        CURLOPT_CUSTOMREQUEST => $method,
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_TIMEOUT => 4,
        CURLOPT_HTTPHEADER => ['x-api-key: ' . getenv('API_KEY'), 'content-type: application/json'],
    ]);
    if ($body !== null) {
        curl_setopt($request, CURLOPT_POSTFIELDS, json_encode($body));
    }
    $text = curl_exec($request);
    $status = curl_getinfo($request, CURLINFO_RESPONSE_CODE);
    $answer = is_string($text) ? json_decode($text, true) : null;
    if ($status < 200 || $status >= 300 || !is_array($answer)) {
        throw new Refusal($answer['code'] ?? 'no_answer', $status);
    }
    return $answer;
}

/** Answers the status and the body of the session route, for a user who is logged in. */
function open_chat_session(string $id, string $name): array
{
    try {
        $user = call_sendsar('POST', '/users', ['id' => $id, 'username' => $name]);
        if ($user['deactivatedAt'] !== null) {
            return [403, ['error' => 'You cannot chat any more']];
        }
        $session = call_sendsar('POST', '/auth/token', ['userId' => $id]);
        $settings = call_sendsar('GET', '/tenant/settings');
    } catch (Refusal $refusal) {
        $status = $refusal->getCode();
        if ($status === 0 || $status === 429 || $status >= 500) {
            return [503, ['error' => 'Chat cannot be reached right now']];
        }
        error_log("unable to open a chat session: $status {$refusal->getMessage()}");
        return [500, ['error' => 'Chat does not work right now']];
    }
    return [200, [
        'token' => $session['token'],
        'expiresAt' => $session['expiresAt'],
        'apiUrl' => getenv('API_URL'),
        'chatUserId' => $id,
        'displayName' => $name,
        'chatSettings' => $settings['chat'],
    ]];
}

$user = find_logged_in_user();
[$status, $answer] = $user === null
    ? [401, ['error' => 'Log in to chat']]
    : open_chat_session($user['id'], $user['name']);
http_response_code($status);
header('content-type: application/json');
header('cache-control: no-store');
echo json_encode($answer);
// docs:end(route)
