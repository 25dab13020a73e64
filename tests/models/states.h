/* The states by their numbers in enum rill_state, and a word to tests/models/run of each way that is walked. */
#define CLOSED 0
#define LISTEN 1
#define SYN_SENT 2
#define SYN_RECEIVED 3
#define ESTABLISHED 4
#define FIN_WAIT_1 5
#define FIN_WAIT_2 6
#define CLOSE_WAIT 7
#define CLOSING 8
#define LAST_ACK 9
#define TIME_WAIT 10

c_decl
{
    static unsigned char walked[16][16];
};

byte walk_from, walk_into;

inline walk(from, into)
{
    walk_from = from;
    walk_into = into;
    c_code
    {
        if (!walked[now.walk_from][now.walk_into]) {
            walked[now.walk_from][now.walk_into] = 1;
            printf("EDGE %d %d\n", now.walk_from, now.walk_into);
        }
    };
    walk_from = 0;
    walk_into = 0
}
