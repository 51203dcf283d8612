// The least that a copy takes on libcurl: GETs each object of a list into memory and PUTs the same bytes, with so many
// pairs in flight on one thread. libcurl signs; nothing is compared, proven, listed or kept but the bytes.
//
// Usage: plain SOURCE-URL TARGET-URL IN-FLIGHT <KEYS, with PLAIN_SOURCE and PLAIN_TARGET as ACCESS-KEY:SECRET-KEY
// Each URL ends in the bucket's name; keys are one a line and need no escapes.
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_BYTES = 1 << 20 };

struct pair {
    CURL *handle;
    struct curl_slist *headers;
    int isPut;
    char key[1024];
    char *bytes;
    size_t count, sent;
};

static const char *source, *target, *sourceUser, *targetUser;

static size_t receive(char *bytes, size_t size, size_t count, void *context) {
    struct pair *pair = context;
    if (pair->isPut) return size * count;
    if (pair->count + size * count > MOST_BYTES) return 0;
    memcpy(pair->bytes + pair->count, bytes, size * count);
    pair->count += size * count;
    return size * count;
}

static size_t give(char *bytes, size_t size, size_t count, void *context) {
    struct pair *pair = context;
    size_t left = pair->count - pair->sent, given = size * count < left ? size * count : left;
    memcpy(bytes, pair->bytes + pair->sent, given);
    pair->sent += given;
    return given;
}

static void begin(CURLM *all, struct pair *pair, int isPut) {
    char url[2048];
    pair->isPut = isPut;
    snprintf(url, sizeof url, "%s/%s", isPut ? target : source, pair->key);
    curl_easy_setopt(pair->handle, CURLOPT_URL, url);
    curl_easy_setopt(pair->handle, CURLOPT_USERPWD, isPut ? targetUser : sourceUser);
    curl_easy_setopt(pair->handle, CURLOPT_AWS_SIGV4, "aws:amz:us-east-1:s3");
    curl_easy_setopt(pair->handle, CURLOPT_HTTPHEADER, pair->headers);
    curl_easy_setopt(pair->handle, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(pair->handle, CURLOPT_WRITEDATA, pair);
    curl_easy_setopt(pair->handle, CURLOPT_READFUNCTION, give);
    curl_easy_setopt(pair->handle, CURLOPT_READDATA, pair);
    curl_easy_setopt(pair->handle, CURLOPT_PRIVATE, pair);
    curl_easy_setopt(pair->handle, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(pair->handle, CURLOPT_NOSIGNAL, 1L);
    if (isPut) {
        pair->sent = 0;
        curl_easy_setopt(pair->handle, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(pair->handle, CURLOPT_INFILESIZE_LARGE, (curl_off_t)pair->count);
    } else {
        pair->count = 0;
        curl_easy_setopt(pair->handle, CURLOPT_HTTPGET, 1L);
    }
    curl_multi_add_handle(all, pair->handle);
}

static int next(CURLM *all, struct pair *pair) {
    if (!fgets(pair->key, sizeof pair->key, stdin)) return 0;
    pair->key[strcspn(pair->key, "\n")] = 0;
    begin(all, pair, 0);
    return 1;
}

int main(int count, char **arguments) {
    if (count != 4) return 2;
    source = arguments[1];
    target = arguments[2];
    int inFlight = atoi(arguments[3]), busy = 0;
    sourceUser = getenv("PLAIN_SOURCE");
    targetUser = getenv("PLAIN_TARGET");
    if (inFlight < 1 || !sourceUser || !targetUser) return 2;
    curl_global_init(CURL_GLOBAL_ALL);
    CURLM *all = curl_multi_init();
    for (int number = 0; number < inFlight; number++) {
        struct pair *pair = calloc(1, sizeof *pair);
        pair->handle = curl_easy_init();
        pair->bytes = malloc(MOST_BYTES);
        pair->headers = curl_slist_append(NULL, "x-amz-content-sha256: UNSIGNED-PAYLOAD");
        busy += next(all, pair);
    }
    while (busy > 0) {
        int running, left;
        curl_multi_perform(all, &running);
        for (CURLMsg *message; (message = curl_multi_info_read(all, &left));) {
            struct pair *pair;
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &pair);
            if (message->data.result != CURLE_OK) {
                long status = 0;
                curl_easy_getinfo(message->easy_handle, CURLINFO_RESPONSE_CODE, &status);
                fprintf(stderr, "plain: %s of %s: %s, status %ld\n", pair->isPut ? "PUT" : "GET", pair->key,
                        curl_easy_strerror(message->data.result), status);
                return 1;
            }
            curl_multi_remove_handle(all, pair->handle);
            if (!pair->isPut) begin(all, pair, 1);
            else if (!next(all, pair)) busy--;
        }
        if (running > 0) curl_multi_poll(all, NULL, 0, 1000, NULL);
    }
    return 0;
}
